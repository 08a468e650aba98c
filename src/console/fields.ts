import { localInputValue } from './words.js';

/** The values of a form's fields. An empty field is undefined. */

const field = (form: HTMLFormElement, name: string) => form.elements.namedItem(name) as HTMLInputElement;

export const textOf = (form: HTMLFormElement, name: string): string | undefined =>
  field(form, name).value || undefined;

export function numberOf(form: HTMLFormElement, name: string): number | undefined {
  const { value } = field(form, name);
  return value === '' ? undefined : Number(value);
}

export function fillNumber(form: HTMLFormElement, name: string, value: number): void {
  field(form, name).value = String(value);
}

/** A local time, in milliseconds since 1970. */
export function inputTime(form: HTMLFormElement, name: string): number | undefined {
  const ms = Date.parse(field(form, name).value);
  return Number.isNaN(ms) ? undefined : ms;
}

export function fillTime(form: HTMLFormElement, name: string, ms: number | undefined): void {
  const input = field(form, name);
  input.value = ms === undefined ? '' : localInputValue(ms);
  input.dataset['filled'] = input.value;
}

/** Whether the field has another value than it was filled with. */
export function hasChanged(form: HTMLFormElement, name: string): boolean {
  const input = field(form, name);
  return input.value !== input.dataset['filled'];
}

/** Names a field that is filled in halfway: it would count as empty. */
export function halfFilled(form: HTMLFormElement): string | undefined {
  const inputs = [...form.elements].filter((element) => element instanceof HTMLInputElement);
  return inputs.find(({ validity }) => validity.badInput)?.labels?.[0]?.textContent?.trim();
}
