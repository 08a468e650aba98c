import type { Traffic } from './traffic.js';

/** What a load is to send. Plain data: it passes to the load process. */
export interface LoadPlan {
  url: string;
  traffic: Traffic;
  connections: number;
  warmupMs: number;
  durationMs: number;
  /** Requests per second of an open loop. Null: a closed loop. */
  rate: number | null;
  /** A burst of this many requests, without a warm-up. Null: the load ends after `durationMs`. */
  requests: number | null;
}

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
  /** In the measured time, like all that follows. */
  answers: number;
  seconds: number;
  p50Ms: number;
  p99Ms: number;
  p999Ms: number;
  maxMs: number;
  burst: Burst | null;
}

/** How a burst went, in time since its start. */
export interface Burst {
  /** When the last 200 was answered. */
  soldOutMs: number;
  answersUntilSoldOut: number;
  intervalMs: number;
  /** Answers 200 in each interval, and other answers. */
  successes: number[];
  refusals: number[];
}
