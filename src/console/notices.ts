import { find, setHidden, setText } from './elements.js';

const SHOWN_MS = 10_000;

/** What was done, or went wrong: shown for a while, and read out once. */
export class Notices {
  readonly #box = find('#notice');
  #timer = 0;

  constructor() {
    find('#close-notice').addEventListener('click', () => setHidden(this.#box, true));
  }

  show(words: string, isError = false): void {
    this.#box.toggleAttribute('data-error', isError);
    setHidden(this.#box, false);
    setText(find('#notice-words'), words);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => setHidden(this.#box, true), SHOWN_MS);
  }
}
