/** What a load has come to. */
export interface LoadResult {
  /** All answers by their status, those of the warm-up too. */
  statuses: Record<string, number>;
  /** For each coupon, how many claims were answered 200, also in the warm-up; null: not known by coupon. */
  claimed: number[] | null;
  /** Claims that were sent and may have been carried out without an answer that counts. */
  unansweredMax: number;
  /** In the measured time. */
  answers: number;
  seconds: number;
  latencyMs: Latency;
  /** What went wrong on the network; one is too many. */
  errors: number;
  burst: Burst | null;
}

export interface Latency {
  p50: number;
  p99: number;
  p999: number;
  max: number;
}

/** The course of a burst. */
export interface Burst {
  /** When the last 200 was answered, after the start. */
  soldOutMs: number;
  answersUntilSoldOut: number;
  totalMs: number;
  intervalMs: number;
  /** Answers in each interval. */
  successes: number[];
  refusals: number[];
}

const BURST_INTERVAL_MS = 100;

/** Counts answers and keeps every latency of the measured time, so that no percentile is an estimate. */
export class Tally {
  /** Answers up to now. */
  total = 0;
  readonly #statuses = new Uint32Array(600);
  readonly #claimed: Uint32Array;
  readonly #burst: Burst | null;
  #samples = new Float64Array(1 << 16);
  #count = 0;
  #answers = 0;
  readonly #startedAt = performance.now();
  #measuredFrom = Number.POSITIVE_INFINITY;
  #lastAt = 0;

  constructor(coupons: number, isBurst: boolean) {
    this.#claimed = new Uint32Array(coupons);
    this.#burst = isBurst
      ? {
          soldOutMs: 0,
          answersUntilSoldOut: 0,
          totalMs: 0,
          intervalMs: BURST_INTERVAL_MS,
          successes: [],
          refusals: [],
        }
      : null;
  }

  startMeasuring(): void {
    this.#measuredFrom = performance.now();
  }

  record(status: number, latencyMs: number, coupon: number, isRead: boolean): void {
    const now = performance.now();
    this.total++;
    this.#statuses[status]!++;
    if (status === 200 && !isRead) this.#claimed[coupon]!++;
    if (now < this.#measuredFrom) return;
    this.#lastAt = now;
    this.#answers++;
    if (this.#burst) this.#recordBurst(this.#burst, status, now - this.#startedAt);
    // Sent in the warm-up, perhaps while its connection was still being made: an answer, but no latency of these.
    if (now - latencyMs < this.#measuredFrom) return;
    if (this.#count === this.#samples.length) {
      const larger = new Float64Array(2 * this.#count);
      larger.set(this.#samples);
      this.#samples = larger;
    }
    this.#samples[this.#count++] = latencyMs;
  }

  #recordBurst(burst: Burst, status: number, ms: number): void {
    const interval = Math.floor(ms / burst.intervalMs);
    while (burst.successes.length <= interval) {
      burst.successes.push(0);
      burst.refusals.push(0);
    }
    burst.totalMs = ms;
    if (status === 200) {
      burst.successes[interval]!++;
      burst.soldOutMs = ms;
      burst.answersUntilSoldOut = this.total;
    } else {
      burst.refusals[interval]!++;
    }
  }

  result(errors: number, unansweredMax: number): LoadResult {
    const sorted = this.#samples.slice(0, this.#count).sort();
    const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
    const statuses: Record<string, number> = {};
    for (const [status, count] of this.#statuses.entries()) if (count > 0) statuses[status] = count;
    return {
      statuses,
      claimed: [...this.#claimed],
      unansweredMax,
      answers: this.#answers,
      seconds: (this.#lastAt - Math.max(this.#measuredFrom, this.#startedAt)) / 1000,
      latencyMs: { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) },
      errors,
      burst: this.#burst,
    };
  }
}
