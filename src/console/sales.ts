import type { Coupon, LogEvent } from './api.js';
import { History } from './history.js';

/** Coupons that the page keeps. Those behind are found by their names. */
export const COUPONS_MAX = 10_000;
/** Claims and releases of a coupon that the page keeps. */
export const LATEST_MAX = 12;

/** A claim that was made or released. */
export interface ClaimNews {
  userId: string;
  atMs: number;
  isReleased: boolean;
}

export interface Sale {
  /** As the server answered last. */
  coupon: Coupon;
  /** Since something happened. */
  history: History | undefined;
  /** The newest last. */
  latest: ClaimNews[];
}

const secondOf = (ms: number) => Math.floor(ms / 1000);

/**
 * All coupons, as far as the page knows them. Their stocks come from the server only: an event of the log
 * says that a coupon has to be read again, and is never subtracted from a number that may have it already.
 * So the numbers are right after a break, a restored database, or a change by hand. Events give what the
 * answers have not: the claims in each second, and who made the latest.
 */
export class Sales {
  readonly #sales = new Map<string, Sale>();
  #all = new History(0);
  /** Coupons that changed since they were read. */
  readonly stale = new Set<string>();
  /** Whether there are more coupons than the page keeps. */
  isCut = false;
  #names: string[] | undefined;

  get(name: string): Sale | undefined {
    return this.#sales.get(name);
  }

  /** In the order of their names. */
  get names(): string[] {
    this.#names ??= [...this.#sales.keys()].sort();
    return this.#names;
  }

  /** Takes what the server answered. */
  put(coupon: Coupon, nowMs: number): void {
    const sale = this.#sales.get(coupon.name);
    if (!sale) {
      this.#sales.set(coupon.name, { coupon, history: undefined, latest: [] });
      this.#names = undefined;
      return;
    }
    if (coupon.remaining_amount !== sale.coupon.remaining_amount) {
      sale.history ??= new History(sale.coupon.remaining_amount);
      sale.history.setStock(secondOf(nowMs), coupon.remaining_amount);
    }
    sale.coupon = coupon;
  }

  remove(name: string): void {
    if (this.#sales.delete(name)) this.#names = undefined;
  }

  apply(events: LogEvent[]): void {
    for (const { type, subject, time, data } of events) {
      const sale = this.#sales.get(subject);
      const { user_id: userId } = data;
      const isClaim = userId !== undefined;
      // Of the coupons that the page does not keep, it reads none because of a claim.
      if (sale || !isClaim || !this.isCut) this.stale.add(subject);
      if (!isClaim) continue;
      const atMs = Date.parse(time);
      const isReleased = type === 'claim.released';
      if (!isReleased) this.#all.addClaim(secondOf(atMs));
      if (!sale) continue;
      if (!isReleased) {
        sale.history ??= new History(sale.coupon.remaining_amount);
        sale.history.addClaim(secondOf(atMs));
      }
      // What was recalled may be ahead of the log.
      const isKnown = sale.latest.some((news) => news.userId === userId && news.atMs === atMs);
      if (isKnown && !isReleased) continue;
      sale.latest.push({ userId, atMs, isReleased });
      if (sale.latest.length > LATEST_MAX) sale.latest.shift();
    }
  }

  /** Puts claims from before the page looked in front of the news that it has seen. */
  recall(name: string, holders: ClaimNews[]): void {
    const sale = this.#sales.get(name);
    if (!sale) return;
    const seen = new Set(sale.latest.map(({ userId }) => userId));
    const older = holders.filter(({ userId }) => !seen.has(userId));
    sale.latest = [...older, ...sale.latest].slice(-LATEST_MAX);
  }

  /** Forgets what happened: the page missed what came next. */
  forgetNews(): void {
    this.#all = new History(0);
    for (const sale of this.#sales.values()) {
      sale.history = undefined;
      sale.latest = [];
    }
  }

  /** The claims in a second: of one coupon, or of all. */
  claimsIn(second: number, name?: string): number {
    const history = name === undefined ? this.#all : this.#sales.get(name)?.history;
    return history?.claimsIn(second) ?? 0;
  }

  /** Marks the coupons whose start or end has come since they were read. */
  expire(nowMs: number): void {
    for (const [name, { coupon }] of this.#sales) {
      const { state, starts_at, ends_at } = coupon;
      const hasStarted = state === 'scheduled' && Date.parse(starts_at ?? '') <= nowMs;
      const hasEnded = state !== 'ended' && Date.parse(ends_at ?? '') <= nowMs;
      if (hasStarted || hasEnded) this.stale.add(name);
    }
  }
}
