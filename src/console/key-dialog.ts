import type { Api } from './api.js';
import { find, setHidden, setText } from './elements.js';

/** Takes the key, which is kept in the memory of this tab only. */
export class KeyDialog {
  readonly #dialog = find<HTMLDialogElement>('#key');
  readonly #input = find<HTMLInputElement>('input', this.#dialog);
  readonly #forget = find('[data-forget]', this.#dialog);
  readonly #open = find('#open-key');
  readonly #api: Api;
  readonly #onChange: () => void;

  /** @param onChange is called when there is another key, or none. */
  constructor(api: Api, onChange: () => void) {
    this.#api = api;
    this.#onChange = onChange;
    this.#open.addEventListener('click', () => this.open());
    find('[data-cancel]', this.#dialog).addEventListener('click', () => this.#dialog.close());
    this.#forget.addEventListener('click', () => this.#use(undefined));
    find('form', this.#dialog).addEventListener('submit', (event) => {
      event.preventDefault();
      this.#use(this.#input.value.trim() || undefined);
    });
    this.#dialog.addEventListener('close', () => (this.#input.value = ''));
  }

  open(): void {
    setHidden(this.#forget, this.#api.key === undefined);
    this.#dialog.showModal();
  }

  #use(key: string | undefined): void {
    this.#api.key = key;
    setText(this.#open, key === undefined ? 'Enter key' : 'Change key');
    this.#dialog.close();
    this.#onChange();
  }
}
