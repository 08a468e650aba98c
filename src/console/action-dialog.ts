import { needsKey, Refusal } from './api.js';
import { find, setHidden, setText } from './elements.js';
import { halfFilled } from './fields.js';

/** What a dialog is about to do. */
export interface Action {
  /** Fills the fields in. */
  fill?(form: HTMLFormElement): void;
  /** Names what will happen, with the fields as they are, in numbers and times. */
  consequence(form: HTMLFormElement): string;
  /** Does it. @returns what was done. */
  run(form: HTMLFormElement): Promise<string>;
}

const UNANSWERED = 'If it was a change, it may have been made, or not. Look before you try again.';

/** A `<dialog>` that says what will happen, does it, and shows why not. */
export class ActionDialog {
  readonly dialog: HTMLDialogElement;
  readonly #form: HTMLFormElement;
  readonly #confirm: HTMLButtonElement;
  #action: Action | undefined;
  /** Those that wait for the server. The dialog may be closed meanwhile, and opened for another one. */
  readonly #running = new Set<Action>();

  /**
   * @param onDone gets what was done.
   * @param onFailed gets the error of an action whose dialog is no longer open.
   * @param askForKey is called if the user wants to give another key.
   */
  constructor(
    id: string,
    onDone: (words: string) => void,
    onFailed: (error: unknown) => void,
    askForKey: () => void,
  ) {
    this.dialog = find<HTMLDialogElement>(`#${id}`);
    this.#form = find<HTMLFormElement>('form', this.dialog);
    this.#confirm = find<HTMLButtonElement>('[data-confirm]', this.dialog);
    find('[data-cancel]', this.dialog).addEventListener('click', () => this.dialog.close());
    find('[data-key]', this.dialog).addEventListener('click', askForKey);
    this.#form.addEventListener('input', () => this.render());
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#run(onDone, onFailed);
    });
  }

  /** @param name of the coupon that it is about. */
  open(action: Action, name?: string): void {
    this.#action = action;
    this.#form.reset();
    action.fill?.(this.#form);
    for (const element of this.dialog.querySelectorAll('[data-name]')) setText(element, name ?? '');
    this.#showError(undefined);
    this.#confirm.removeAttribute('aria-disabled');
    this.render();
    this.dialog.showModal();
  }

  /** Names the consequence anew: the coupon may have changed. */
  render(): void {
    if (!this.#action) return;
    setText(find('[data-consequence]', this.dialog), this.#action.consequence(this.#form));
  }

  async #run(onDone: (words: string) => void, onFailed: (error: unknown) => void): Promise<void> {
    const action = this.#action;
    if (!action || this.#running.has(action)) return;
    const isShown = () => this.dialog.open && this.#action === action;
    this.#running.add(action);
    // It keeps the focus, so it is not disabled.
    this.#confirm.setAttribute('aria-disabled', 'true');
    this.#showError(undefined);
    try {
      const field = halfFilled(this.#form);
      if (field) throw new Error(`${field}: the value is not complete`);
      const words = await action.run(this.#form);
      if (isShown()) this.dialog.close();
      onDone(words);
    } catch (error) {
      if (isShown()) this.#showError(error);
      else onFailed(error);
    } finally {
      this.#running.delete(action);
      if (isShown()) this.#confirm.removeAttribute('aria-disabled');
    }
  }

  #showError(error: unknown): void {
    const box = find('[data-error]', this.dialog);
    setHidden(box, error === undefined);
    const [sentence, detail] = errorWords(error);
    setText(find('strong', box), sentence);
    setText(find('span', box), detail);
    setHidden(find('[data-key]', this.dialog), !needsKey(error));
  }
}

/** What the server said, as it said it, and the details. */
export function errorWords(error: unknown): [sentence: string, detail: string] {
  if (error === undefined) return ['', ''];
  if (error instanceof Refusal) return [error.message, error.detail];
  return error instanceof TypeError ? ['no answer', UNANSWERED] : [String((error as Error).message), ''];
}
