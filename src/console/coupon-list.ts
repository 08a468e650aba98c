import type { Coupon } from './api.js';
import { shareLeft, stateWords, windowWords } from './coupon-words.js';
import { cloneOf, find, setAttribute, setHidden, setText } from './elements.js';
import { COUPONS_MAX, type Sales } from './sales.js';
import { countOf, countWords } from './words.js';

/** Coupons that are shown at once. */
const ROWS_MAX = 50;

/** The list of coupons: found by name, filtered by state, and in pages. */
export class CouponList {
  readonly #sales: Sales;
  readonly #rows: Row[] = [];
  readonly #list = find('#coupon-list');
  readonly #search = find<HTMLInputElement>('#search');
  readonly #filters = [...document.querySelectorAll<HTMLInputElement>('input[name=state]')];
  #firstRow = 0;

  /** @param onChange is called when something else has to be shown. */
  constructor(sales: Sales, onChange: () => void) {
    this.#sales = sales;
    const restart = () => {
      this.#firstRow = 0;
      onChange();
    };
    this.#search.addEventListener('input', restart);
    for (const filter of this.#filters) filter.addEventListener('change', restart);
    const turn = (rows: number) => {
      this.#firstRow += rows;
      onChange();
      find('#coupons-title').scrollIntoView({ block: 'nearest' });
    };
    find('#previous').addEventListener('click', () => turn(-ROWS_MAX));
    find('#next').addEventListener('click', () => turn(ROWS_MAX));
  }

  /** What is looked for. */
  get wanted(): string {
    return this.#search.value.trim();
  }

  /** @param second whose claims are shown. */
  render(selected: string | undefined, nowMs: number, second: number, isLoaded: boolean): void {
    const names = this.#found();
    this.#firstRow = Math.max(0, Math.min(this.#firstRow, names.length - 1));
    this.#firstRow -= this.#firstRow % ROWS_MAX;
    const shown = names.slice(this.#firstRow, this.#firstRow + ROWS_MAX);
    while (this.#rows.length < shown.length) {
      const row = new Row();
      this.#rows.push(row);
      this.#list.append(row.element);
    }
    for (const row of this.#rows.splice(shown.length)) row.element.remove();
    for (const [i, name] of shown.entries()) {
      const sale = this.#sales.get(name);
      if (sale) {
        this.#rows[i]!.render(sale.coupon, this.#sales.claimsIn(second, name), nowMs, name === selected);
      }
    }
    this.#renderPages(names.length, shown.length);
    const isEmpty = this.#sales.names.length === 0;
    setHidden(find('#no-coupons'), !(isLoaded && isEmpty));
    setHidden(find('#no-match'), !(isLoaded && !isEmpty && names.length === 0));
    setHidden(find('#loading'), isLoaded);
    setHidden(find('#filters'), isEmpty && this.wanted === '');
    setHidden(find('#cut'), !this.#sales.isCut);
    setText(find('#cut-count'), countWords(COUPONS_MAX));
  }

  /** Focuses the row of a coupon, if it is shown. */
  focus(name: string): void {
    this.#rows.find((row) => row.name === name)?.link.focus();
  }

  #found(): string[] {
    const text = this.wanted.toLowerCase();
    const wantedState = this.#filters.find(({ checked }) => checked)?.value ?? '';
    const counts: Record<string, number> = {};
    const names = this.#sales.names.filter((name) => {
      if (text && !name.toLowerCase().includes(text)) return false;
      const state = this.#sales.get(name)!.coupon.state;
      counts[state] = (counts[state] ?? 0) + 1;
      counts[''] = (counts[''] ?? 0) + 1;
      return wantedState === '' || state === wantedState;
    });
    for (const { value, nextElementSibling: label } of this.#filters) {
      setText(find('.filter-count', label!), countWords(counts[value] ?? 0));
    }
    return names;
  }

  #renderPages(found: number, shown: number): void {
    setHidden(find('#pages'), found <= ROWS_MAX);
    const first = this.#firstRow + 1;
    const range = `${countWords(first)}–${countWords(first + shown - 1)}`;
    setText(find('#page-words'), `${range} of ${countOf(found, 'coupon')}`);
    find<HTMLButtonElement>('#previous').disabled = this.#firstRow === 0;
    find<HTMLButtonElement>('#next').disabled = this.#firstRow + shown >= found;
  }
}

/** The address of a coupon in the page. */
export const addressOf = (name: string) => `#/${encodeURIComponent(name)}`;

/** A coupon in the list. */
class Row {
  readonly element = cloneOf('#coupon-row');
  readonly link = find<HTMLAnchorElement>('a', this.element);
  name = '';

  render(coupon: Coupon, rate: number, nowMs: number, isSelected: boolean): void {
    const part = (selector: string) => find(selector, this.element);
    this.name = coupon.name;
    setAttribute(this.link, 'href', addressOf(coupon.name));
    setAttribute(this.link, 'aria-current', isSelected ? 'true' : undefined);
    setText(part('.name'), coupon.name);
    renderBadge(part('.badge'), coupon.state);
    setText(part('.left'), countWords(coupon.remaining_amount));
    setText(part('.amount'), countWords(coupon.amount));
    renderBar(part('.bar'), coupon);
    setText(part('.window'), windowWords(coupon, nowMs));
    setText(part('.rate'), countWords(rate));
    setHidden(part('.per-second'), rate === 0 && coupon.state !== 'open');
  }
}

export function renderBadge(badge: Element, state: string): void {
  setText(badge, stateWords(state));
  setAttribute(badge, 'data-state', state);
}

/** The bar is as long as what is left. */
export function renderBar(bar: HTMLElement, coupon: Coupon): void {
  const length = shareLeft(coupon).toFixed(5);
  if (bar.style.getPropertyValue('--left') !== length) bar.style.setProperty('--left', length);
  setAttribute(bar, 'data-state', coupon.state);
}
