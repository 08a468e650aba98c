import { Counter, Gauge, type Registry } from 'prom-client';
import type { BatchReport } from '../claims/lane.js';
import type { Lanes } from '../claims/lanes.js';
import { CLAIM_CODES, type ClaimOutcome } from '../claims/outcome.js';
import { isOutcomeUnknown } from '../database/errors.js';
import { Histogram, SECONDS } from './histogram.js';
import type { Metrics } from './registry.js';

const BATCH_SIZES = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

/**
 * Measures batches.
 * @returns what is to be called with each batch that has ended, and how many requests had which outcome.
 */
export function measureBatches(
  registry: Metrics,
): (batch: BatchReport<ClaimOutcome>, outcomes: Record<string, number>) => void {
  const claims = new Counter({
    name: 'coupon_claims_total',
    help: 'Claims that were decided, by outcome. Those that were refused undecided are among the problems.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const reruns = new Counter({
    name: 'coupon_claim_reruns_total',
    help: 'Claims that had to run again, because they were undecided or their outcome was unknown.',
    labelNames: ['reason'],
    registers: [registry],
  });
  // A rate needs the zero that came before the first one.
  for (const outcome of CLAIM_CODES) claims.inc({ outcome }, 0);
  for (const reason of ['undecided', 'outcome_unknown']) reruns.inc({ reason }, 0);
  const sizes = new Histogram(registry, 'coupon_claim_batch_size', 'Claims in a batch.', BATCH_SIZES);
  const waits = new Histogram(
    registry,
    'coupon_claim_batch_wait_seconds',
    'How long the oldest claim of a batch waited for it to start.',
    SECONDS,
  );
  const size = sizes.recorder();
  const wait = waits.recorder();
  return (batch, { undecided = 0, ...decided }) => {
    size.record(batch.size);
    wait.record(batch.waitMs / 1_000);
    registry.queryTimes.record('claim', batch.durationMs, batch.failure);
    for (const [outcome, count] of Object.entries(decided)) claims.inc({ outcome }, count);
    if (undecided) reruns.inc({ reason: 'undecided' }, undecided);
    if (batch.failure !== undefined && isOutcomeUnknown(batch.failure)) {
      reruns.inc({ reason: 'outcome_unknown' }, batch.size);
    }
  };
}

/** Measures how many claims wait in each lane, and how many may. */
export function measureLanes(registry: Registry, lanes: Lanes): void {
  new Gauge({
    name: 'coupon_claims_waiting',
    help: 'Claims that wait for their batch.',
    labelNames: ['lane'],
    registers: [registry],
    // Each process has its lanes: the fullest counts.
    aggregator: 'max',
    collect() {
      for (const [lane, waiting] of lanes.waiting.entries()) this.set({ lane }, waiting);
    },
  });
  new Gauge({
    name: 'coupon_claims_waiting_max',
    help: 'Claims that may wait in one lane. All lanes together have the bound CLAIMS_WAITING_MAX.',
    labelNames: ['lane'],
    registers: [registry],
    // Each process has its lanes: the fullest counts.
    aggregator: 'max',
    collect() {
      for (const lane of lanes.waiting.keys()) this.set({ lane }, lanes.waitingMaxOfLane);
    },
  });
}
