import { createHistogram } from 'node:perf_hooks';
import type { LoadResult } from './plan.js';
import type { Request } from './traffic.js';

const NS_PER_MS = 1_000_000;
const OVERLOADED = 503;
/** Longer than the timeouts of both loops. */
const LATENCY_MS_MAX = 60_000;
/** Percentiles are exact to 0.1 %. */
const SIGNIFICANT_DIGITS = 3;

/** Counts answers and their latencies. */
export class Tally {
  readonly #statuses: Record<string, number> = {};
  readonly #claimed: number[];
  readonly #latencies = createHistogram({
    highest: LATENCY_MS_MAX * NS_PER_MS,
    figures: SIGNIFICANT_DIGITS,
  });
  #answers = 0;
  #measuredFrom = Number.POSITIVE_INFINITY;
  #lastAt = 0;
  #lastSuccess = { at: 0, answers: 0 };

  constructor(coupons: number) {
    this.#claimed = new Array(coupons).fill(0);
  }

  startMeasuring(): void {
    this.#measuredFrom = performance.now();
  }

  record(status: number, latencyMs: number, { coupon, claims }: Request): void {
    const now = performance.now();
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    // It is answered when it is sent again.
    if (status === OVERLOADED) return;
    if (status === 200) this.#claimed[coupon]! += claims;
    if (now < this.#measuredFrom) return;
    // An answer to many claims counts as many.
    this.#answers += Math.max(1, claims);
    this.#lastAt = now;
    if (status === 200) this.#lastSuccess = { at: now, answers: this.#answers };
    // A request of the warm-up may have waited for its connection. Its latency does not count.
    if (now - latencyMs < this.#measuredFrom) return;
    this.#latencies.record(Math.max(1, Math.round(latencyMs * NS_PER_MS)));
  }

  result(): Pick<LoadResult, 'statuses' | 'claimed' | 'figures'> {
    const percentileMs = (percent: number) => this.#latencies.percentile(percent) / NS_PER_MS;
    const { at, answers } = this.#lastSuccess;
    const figures = {
      answers: this.#answers,
      seconds: (this.#lastAt - this.#measuredFrom) / 1000,
      p50Ms: percentileMs(50),
      p99Ms: percentileMs(99),
      p999Ms: percentileMs(99.9),
      lastSuccess: { afterMs: at - this.#measuredFrom, answers },
    };
    return { statuses: this.#statuses, claimed: this.#claimed, figures };
  }
}
