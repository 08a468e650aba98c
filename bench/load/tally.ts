import { createHistogram } from 'node:perf_hooks';
import type { LoadResult } from './plan.js';
import type { Request } from './requests.js';

const BURST_INTERVAL_MS = 100;
const NS_PER_MS = 1_000_000;
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
  readonly #successes: number[] = [];
  readonly #refusals: number[] = [];
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

  record(status: number, latencyMs: number, { coupon, isRead }: Request): void {
    const now = performance.now();
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    if (status === 200 && !isRead) this.#claimed[coupon]!++;
    if (now < this.#measuredFrom) return;
    this.#answers++;
    this.#lastAt = now;
    if (status === 200) this.#lastSuccess = { at: now, answers: this.#answers };
    const interval = Math.floor((now - this.#measuredFrom) / BURST_INTERVAL_MS);
    const counts = status === 200 ? this.#successes : this.#refusals;
    counts[interval] = (counts[interval] ?? 0) + 1;
    // A request of the warm-up may have waited for its connection. Its latency does not count.
    if (now - latencyMs < this.#measuredFrom) return;
    this.#latencies.record(Math.max(1, Math.round(latencyMs * NS_PER_MS)));
  }

  result(networkErrors: number, unansweredMax: number, isBurst: boolean): LoadResult {
    const percentile = (percent: number) => this.#latencies.percentile(percent) / NS_PER_MS;
    const burst = {
      soldOutMs: this.#lastSuccess.at - this.#measuredFrom,
      answersUntilSoldOut: this.#lastSuccess.answers,
      intervalMs: BURST_INTERVAL_MS,
      // Intervals without an answer are holes.
      successes: Array.from(this.#successes, (count) => count ?? 0),
      refusals: Array.from(this.#refusals, (count) => count ?? 0),
    };
    return {
      statuses: this.#statuses,
      claimed: this.#claimed,
      unansweredMax,
      networkErrors,
      answers: this.#answers,
      seconds: (this.#lastAt - this.#measuredFrom) / 1000,
      p50Ms: percentile(50),
      p99Ms: percentile(99),
      p999Ms: percentile(99.9),
      maxMs: this.#latencies.max / NS_PER_MS,
      burst: isBurst ? burst : null,
    };
  }
}
