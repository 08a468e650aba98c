/** Calls that may be made at once, and in each interval. */
const CALLS_PER_INTERVAL = 20;
const INTERVAL_MS = 20;
/** How long calls are held if there are many: more of them are made in each interval then. */
const HELD_MS = 6_000;
const RELEASED_SHARE_MAX = 0.1;

/**
 * Spreads calls over time, in their order. A client that sends again as soon as it is refused would
 * otherwise get most of the event loop's turn, and the claims that are accepted would wait for it.
 */
export class Pacer {
  readonly #held: (() => void)[] = [];
  #budget = CALLS_PER_INTERVAL;
  #timer: NodeJS.Timeout | undefined;
  #releasedAt = 0;

  /** The number of calls that are held. */
  get held(): number {
    return this.#held.length;
  }

  /** Calls back now or, if there have been many calls lately, within about six seconds. */
  pace(callback: () => void): void {
    if (!this.#timer) {
      this.#releasedAt = performance.now();
      this.#timer = setInterval(() => this.#release(), INTERVAL_MS).unref();
    }
    if (this.#budget > 0 && this.#held.length === 0) {
      this.#budget--;
      callback();
    } else {
      this.#held.push(callback);
    }
  }

  #release(): void {
    const now = performance.now();
    // A busy event loop is late: it releases as many as were due meanwhile, within a share. Without
    // that bound, a late release would make the next one later still.
    const share = Math.min((now - this.#releasedAt) / HELD_MS, RELEASED_SHARE_MAX);
    const due = Math.ceil(this.#held.length * share);
    this.#releasedAt = now;
    const count = Math.max(CALLS_PER_INTERVAL, due);
    const released = this.#held.splice(0, count);
    this.#budget = count - released.length;
    if (released.length === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.#budget = CALLS_PER_INTERVAL;
    }
    for (const callback of released) callback();
  }
}
