import type { Traffic } from './traffic.js';

/** What a load is to send. Plain data: it passes to the thread of the load. */
export interface LoadPlan {
  url: string;
  traffic: Traffic;
  connections: number;
  warmupMs: number;
  durationMs: number;
  /** Requests per second of an open loop. Null: a closed loop. */
  rate: number | null;
  /**
   * What a client does that gets 503: it sends its claim again, at once or when `Retry-After` is over.
   * An arrival that finds no client free is dropped then. Null: a 503 is wrong.
   */
  retry: 'at once' | 'after Retry-After' | null;
  /** A burst of this many requests. Null: the load ends after `durationMs`. */
  requests: number | null;
}

/**
 * Runs a load.
 * @param onMeasuring is called when the warm-up is over.
 * @throws Error when the load fails, or the signal is aborted.
 */
export type RunLoad = (plan: LoadPlan, onMeasuring: () => void, signal: AbortSignal) => Promise<LoadResult>;

/** How a load was answered. */
export interface LoadResult {
  /** Answers by status, including those of the warm-up. */
  statuses: Record<string, number>;
  /**
   * Claims of each coupon that were answered 200, including those of the warm-up. Null: only their
   * sum is known.
   */
  claimed: number[] | null;
  /** At most this many claims may have been made without a counted answer. */
  unansweredMax: number;
  networkErrors: number;
  figures: Figures;
}

/** Figures of the measured time. */
export interface Figures {
  answers: number;
  seconds: number;
  p50Ms: number;
  p99Ms: number;
  p999Ms: number;
  /** The last answer 200: when it came, and the number of answers until then. Absent: unknown. */
  lastSuccess?: { afterMs: number; answers: number };
}
