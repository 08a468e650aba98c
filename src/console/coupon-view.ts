import { Chart } from './chart.js';
import { renderBadge, renderBar } from './coupon-list.js';
import { windowWords } from './coupon-words.js';
import { cloneOf, find, setAttribute, setHidden, setText } from './elements.js';
import { HISTORY_SECONDS, History } from './history.js';
import { type ClaimNews, LATEST_MAX, type Sale } from './sales.js';
import { clockWords, countWords, exactTimeWords } from './words.js';

/** The coupon that is looked at: its numbers, the chart, and the latest claims. */
export class CouponView {
  readonly #root = find('#coupon');
  readonly #chart = new Chart();
  readonly #news: HTMLElement[];

  constructor() {
    const list = find('#latest');
    this.#news = Array.from({ length: LATEST_MAX }, () => cloneOf('#claim-row'));
    list.append(...this.#news);
  }

  /**
   * @param second whose claims are shown.
   * @param openedAt since when the page knows what happened: seconds since 1970.
   */
  render(sale: Sale, nowMs: number, second: number, openedAt: number): void {
    const { coupon, history, latest } = sale;
    const part = (selector: string) => find(selector, this.#root);
    setText(part('#coupon-title'), coupon.name);
    renderBadge(part('.badge'), coupon.state);
    setText(part('#left'), countWords(coupon.remaining_amount));
    setText(part('#claimed'), countWords(coupon.amount - coupon.remaining_amount));
    setText(part('#amount'), countWords(coupon.amount));
    setText(part('#rate'), countWords(history?.claimsIn(second) ?? 0));
    renderBar(part('.bar'), coupon);
    setAttribute(part('meter'), 'max', String(coupon.amount));
    setAttribute(part('meter'), 'value', String(coupon.remaining_amount));
    setText(part('#starts'), coupon.starts_at ? exactTimeWords(Date.parse(coupon.starts_at)) : 'none');
    setText(part('#ends'), coupon.ends_at ? exactTimeWords(Date.parse(coupon.ends_at)) : 'none');
    setText(part('#window-words'), windowWords(coupon, nowMs));
    // A sale that has not started is moved, not ended: its end would come before its start.
    const canEnd = coupon.state === 'open' || coupon.state === 'sold_out';
    setHidden(part('[data-action=end]'), !canEnd);
    const nowSecond = Math.floor(nowMs / 1000);
    const from = Math.max(openedAt, nowSecond - HISTORY_SECONDS + 1);
    this.#chart.render((history ?? new History(coupon.remaining_amount)).series(from, nowSecond));
    this.#renderNews(latest);
  }

  #renderNews(latest: ClaimNews[]): void {
    setHidden(find('#no-claims'), latest.length > 0);
    for (const [i, row] of this.#news.entries()) {
      const news = latest.at(-1 - i);
      setHidden(row, i >= latest.length);
      if (i >= latest.length || !news) continue;
      setText(find('.user', row), news.userId);
      setText(find('.what', row), news.isReleased ? 'released' : '');
      setText(find('time', row), clockWords(news.atMs));
      setAttribute(find('time', row), 'datetime', new Date(news.atMs).toISOString());
    }
  }
}
