import type { BatchReport } from './lane.js';
import type { ClaimOutcome } from './outcome.js';

/** Sums up the batches of a while, for a line of the log. */
export class BatchSummary {
  #batches = 0;
  #claims = 0;
  #waitMsMax = 0;
  #outcomes: Record<string, number> = {};

  /** @param outcomes how many requests of the batch had which outcome. */
  add({ size, waitMs }: BatchReport<ClaimOutcome>, outcomes: Record<string, number>): void {
    this.#batches++;
    this.#claims += size;
    this.#waitMsMax = Math.max(this.#waitMsMax, waitMs);
    for (const [code, count] of Object.entries(outcomes)) {
      this.#outcomes[code] = (this.#outcomes[code] ?? 0) + count;
    }
  }

  /** The sums so far. Starts again at zero. Undefined: there was no batch. */
  take() {
    if (this.#batches === 0) return undefined;
    const taken = {
      outcomes: this.#outcomes,
      batches: this.#batches,
      meanSize: Math.round((10 * this.#claims) / this.#batches) / 10,
      waitMsMax: this.#waitMsMax,
    };
    this.#batches = this.#claims = this.#waitMsMax = 0;
    this.#outcomes = {};
    return taken;
  }
}
