import { errorWords } from './action-dialog.js';
import type { Api, Claim, Coupon } from './api.js';
import { find, setAttribute, setHidden, setText } from './elements.js';
import { countWords, exactTimeWords } from './words.js';

/** Long enough for the browser to have begun the download. */
const DOWNLOAD_MS = 60_000;

/** The holders of a coupon: one of them by user id, or all of them as CSV. */
export class Holders {
  readonly #api: Api;
  readonly #form = find<HTMLFormElement>('#find-holder');
  readonly #holder = find('#holder');
  readonly #error = find('#holder-error');
  readonly #export = find('[data-action=export]');
  #name = '';
  #claim: Claim | undefined;
  /** Counts what was asked for. */
  #asked = 0;
  #isExporting = false;

  /**
   * @param onRelease gets the claim that is to be released.
   * @param onError gets what went wrong with the export.
   */
  constructor(api: Api, onRelease: (claim: Claim) => void, onError: (error: unknown) => void) {
    this.#api = api;
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#find();
    });
    find('#release-holder').addEventListener('click', () => this.#claim && onRelease(this.#claim));
    this.#export.addEventListener('click', () => void this.#download().catch(onError));
  }

  /** Shows the holders of another coupon. */
  show({ name }: Coupon): void {
    if (name === this.#name) return;
    this.#name = name;
    this.#form.reset();
    this.clear();
  }

  clear(): void {
    this.#asked++;
    this.#claim = undefined;
    this.#render(undefined);
  }

  async #find(): Promise<void> {
    const userId = find<HTMLInputElement>('input', this.#form).value;
    if (userId === '') return;
    this.clear();
    const asked = this.#asked;
    const found = await this.#api.getClaim(this.#name, userId).catch((error: unknown) => error);
    // Another coupon may be shown by now, or another user asked for.
    if (asked !== this.#asked) return;
    const isFound = typeof found === 'object' && found !== null && 'position' in found;
    this.#claim = isFound ? (found as Claim) : undefined;
    this.#render(isFound ? undefined : found);
  }

  #render(error: unknown): void {
    const claim = this.#claim;
    setHidden(this.#holder, claim === undefined);
    setHidden(this.#error, error === undefined);
    setText(this.#error, errorWords(error)[0]);
    if (!claim) return;
    setText(find('#holder-id'), claim.user_id);
    setText(find('#holder-position'), countWords(claim.position));
    setText(find('#holder-time'), exactTimeWords(Date.parse(claim.claimed_at)));
  }

  async #download(): Promise<void> {
    if (this.#isExporting) return;
    this.#setExporting(true);
    const name = this.#name;
    try {
      const url = URL.createObjectURL(await this.#api.exportClaims(name));
      const link = document.createElement('a');
      link.href = url;
      link.download = `${name.replace(/[^\p{Letter}\p{Number}._-]+/gu, '-').slice(0, 100)}-claims.csv`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), DOWNLOAD_MS);
    } finally {
      this.#setExporting(false);
    }
  }

  #setExporting(isExporting: boolean): void {
    this.#isExporting = isExporting;
    setText(this.#export, isExporting ? 'Exporting…' : 'Export CSV');
    setAttribute(this.#export, 'aria-disabled', isExporting ? 'true' : undefined);
  }
}
