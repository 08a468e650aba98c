import { type Api, Refusal } from './api.js';
import { Pause } from './pause.js';
import { COUPONS_MAX, type Sales } from './sales.js';
import type { ServerClock } from './server-clock.js';

/** Beyond this many stale coupons, the list costs less than the coupons one by one. */
const SINGLE_READS_MAX = 8;
/** From the end of one round of reads to the next one. */
const PAUSE_MS = 200;
/** After a round that read the list. */
const LIST_PAUSE_MS = 800;
const RETRY_MS_MAX = 10_000;
/** Of a request: behind a connection that is gone, it would wait for ever. */
const READ_MS_MAX = 15_000;

/** Browsers remove such names from a path: only the list has these coupons. */
const isUnreachable = (name: string) => name === '.' || name === '..';

/**
 * Reads stale coupons, one round after the other. A coupon that changes during a round is read again in
 * the next one: so the last answer was always asked for after the last change.
 */
export class CouponReader {
  /** The coupon that is read first. */
  selected: string | undefined;
  readonly #api: Api;
  readonly #sales: Sales;
  readonly #clock: ServerClock;
  readonly #onRead: (error?: unknown) => void;
  readonly #pause = new Pause();
  #connection = new AbortController();
  #wantsAll = false;
  #isRunning = false;
  #isStopped = false;
  #retryMs = PAUSE_MS;

  /** @param onRead is called after each round. */
  constructor(api: Api, sales: Sales, clock: ServerClock, onRead: (error?: unknown) => void) {
    this.#api = api;
    this.#sales = sales;
    this.#clock = clock;
    this.#onRead = onRead;
  }

  /** Reads all coupons anew. Reads that are under way are given up: they may be on a broken connection. */
  readAll(): void {
    this.#wantsAll = true;
    this.#connection.abort();
    this.#pause.cut();
    this.readStale();
  }

  /** Reads what is stale, unless that is under way. */
  readStale(): void {
    if (!this.#isRunning) void this.#run();
  }

  stop(): void {
    this.#isStopped = true;
    this.#connection.abort();
    this.#pause.cut();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (!this.#isStopped && (this.#wantsAll || this.#sales.stale.size > 0)) {
      const pauseMs = await this.#round();
      await this.#pause.wait(pauseMs);
    }
    this.#isRunning = false;
  }

  /** @returns the pause before the next one, in milliseconds. */
  async #round(): Promise<number> {
    const { stale } = this.#sales;
    const names = [...stale];
    const isList = this.#wantsAll || names.length > SINGLE_READS_MAX || names.some(isUnreachable);
    stale.clear();
    this.#wantsAll = false;
    this.#connection = new AbortController();
    try {
      if (isList) {
        if (this.selected !== undefined && !isUnreachable(this.selected)) await this.#read(this.selected);
        const listed = await this.#readList();
        // Those behind the end of a list that is cut.
        const unlisted = names.filter((name) => !listed.has(name) && this.#sales.get(name));
        for (const name of unlisted) if (!isUnreachable(name)) await this.#read(name);
      } else {
        await Promise.all(names.map((name) => this.#read(name)));
      }
      this.#retryMs = PAUSE_MS;
      this.#onRead();
      return isList ? LIST_PAUSE_MS : PAUSE_MS;
    } catch (error) {
      for (const name of names) stale.add(name);
      this.#wantsAll ||= isList;
      this.#onRead(error);
      this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS_MAX);
      return Math.max(this.#retryMs, (error instanceof Refusal && error.retryAfterMs) || 0);
    }
  }

  async #read(name: string): Promise<void> {
    try {
      const coupon = await this.#ask(() => this.#api.getCoupon(name, this.#signal()));
      this.#sales.put(coupon, this.#clock.now());
    } catch (error) {
      if (!(error instanceof Refusal && error.code === 'coupon_not_found')) throw error;
      this.#sales.remove(name);
    }
  }

  /** Asks again and again, as a limit of requests wants it. The round would never end if it began anew. */
  async #ask<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof Refusal && error.code === 'rate_limited')) throw error;
        await this.#pause.wait(error.retryAfterMs ?? RETRY_MS_MAX);
      }
    }
  }

  #signal(): AbortSignal {
    return AbortSignal.any([this.#connection.signal, AbortSignal.timeout(READ_MS_MAX)]);
  }

  /** @returns the names in the list. */
  async #readList(): Promise<Set<string>> {
    const seen = new Set<string>();
    let cursor: string | undefined;
    do {
      const page = await this.#ask(() => this.#api.listCoupons(cursor, this.#signal()));
      for (const coupon of page.items) {
        seen.add(coupon.name);
        this.#sales.put(coupon, this.#clock.now());
      }
      cursor = page.next_cursor;
    } while (cursor !== undefined && seen.size < COUPONS_MAX);
    this.#sales.isCut = cursor !== undefined;
    if (!this.#sales.isCut) {
      for (const name of this.#sales.names) if (!seen.has(name)) this.#sales.remove(name);
    }
    return seen;
  }
}
