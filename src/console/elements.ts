/** The element that index.html has. @throws Error if it has none. */
export function find<E extends Element = HTMLElement>(selector: string, root: ParentNode = document): E {
  const element = root.querySelector<E>(selector);
  if (!element) throw new Error(`index.html has no ${selector}`);
  return element;
}

/** A copy of the one element in a `<template>`. */
export function cloneOf(selector: string): HTMLElement {
  return find<HTMLTemplateElement>(selector).content.firstElementChild!.cloneNode(true) as HTMLElement;
}

/** Writes only what changed: a text that is written again costs layout, and is read out again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets an attribute, or takes it away. Writes only what changed. */
export function setAttribute(element: Element, name: string, value: string | undefined): void {
  if (value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

export function setHidden(element: HTMLElement, isHidden: boolean): void {
  if (element.hidden !== isHidden) element.hidden = isHidden;
}
