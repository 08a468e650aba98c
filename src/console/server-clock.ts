/** The precision of a `Date` header. */
const HEADER_MS = 1_000;

/**
 * The clock of the server, as far as its answers tell. The time in a `Date` header is right for one moment
 * between a request and its answer, so each answer bounds the difference to the clock of the browser.
 */
export class ServerClock {
  readonly #now: () => number;
  #differenceMin = Number.NEGATIVE_INFINITY;
  #differenceMax = Number.POSITIVE_INFINITY;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** @param sentAt when the request was sent, by the clock of the browser. */
  learn(date: string | null, sentAt: number): void {
    const ms = Date.parse(date ?? '');
    if (Number.isNaN(ms)) return;
    const min = ms - this.#now();
    const max = ms + HEADER_MS - sentAt;
    const isContradiction = min > this.#differenceMax || max < this.#differenceMin;
    // One of the clocks was set.
    this.#differenceMin = isContradiction ? min : Math.max(min, this.#differenceMin);
    this.#differenceMax = isContradiction ? max : Math.min(max, this.#differenceMax);
  }

  /** Milliseconds since 1970. It is the time of the browser, unless that is certainly wrong. */
  now(): number {
    return this.#now() + Math.min(Math.max(0, this.#differenceMin), this.#differenceMax);
  }
}
