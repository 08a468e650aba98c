import { setTimeout as sleep } from 'node:timers/promises';
import { runClosedLoop } from './closed-loop.js';
import { runOpenLoop } from './open-loop.js';
import { type LoadResult, Tally } from './tally.js';
import type { Traffic } from './traffic.js';

/** The load, in a process of its own: told what to do by one message, it tells how it goes, and the result. */

export interface LoadPlan {
  url: string;
  traffic: Traffic;
  connections: number;
  warmupMs: number;
  durationMs: number;
  /** Requests a second, in an open loop; null: a closed loop. */
  rate: number | null;
  /** So many requests, at once and without a warm-up, instead of a time; null: by time. */
  amount: number | null;
}

export type LoadMessage =
  | { type: 'progress'; answers: number }
  | { type: 'measuring' }
  | { type: 'done'; result: LoadResult }
  | { type: 'failed'; message: string };

const PROGRESS_INTERVAL_MS = 500;

const send = (message: LoadMessage) => process.send?.(message);

process.once('message', (plan: LoadPlan) => {
  run(plan).then(
    (result) => send({ type: 'done', result }),
    (error) => send({ type: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
});
// Whoever started this is gone, or has what it wanted.
process.once('disconnect', () => process.exit());
// Ctrl-C reaches this process too; the one that started it ends it, in order.
process.on('SIGINT', () => {});

async function run(plan: LoadPlan): Promise<LoadResult> {
  const tally = new Tally(plan.traffic.coupons, plan.amount !== null);
  const startMeasuring = () => {
    tally.startMeasuring();
    send({ type: 'measuring' });
  };
  const progress = setInterval(() => send({ type: 'progress', answers: tally.total }), PROGRESS_INTERVAL_MS);
  if (plan.amount === null) void sleep(plan.warmupMs).then(startMeasuring);
  else startMeasuring();
  const errors = await (plan.rate === null
    ? runClosedLoop(plan, tally)
    : runOpenLoop(plan, plan.rate, tally));
  clearInterval(progress);
  // A burst, and an open loop, end when all is answered.
  return tally.result(errors, plan.amount === null && plan.rate === null ? plan.connections : 0);
}
