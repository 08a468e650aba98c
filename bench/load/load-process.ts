import { setTimeout as sleep } from 'node:timers/promises';
import { runClosedLoop } from './closed-loop.js';
import { runOpenLoop } from './open-loop.js';
import type { LoadPlan, LoadResult } from './plan.js';
import { Tally } from './tally.js';

/** What this process sends to its parent. Its argument is the plan, as JSON. */
export type LoadMessage = 'measuring' | LoadResult;

const send = (message: LoadMessage) => new Promise((resolve) => process.send?.(message, resolve));
// Without its parent, this process has nothing to do.
process.once('disconnect', () => process.exit());
// Ctrl-C reaches this process too, but the parent stops it.
process.on('SIGINT', () => {});

const plan = JSON.parse(process.argv[2] ?? '') as LoadPlan;
const { rate, traffic, warmupMs } = plan;
const isBurst = plan.requests !== null;
const tally = new Tally(traffic.coupons);
const startMeasuring = () => {
  tally.startMeasuring();
  void send('measuring');
};
if (isBurst) startMeasuring();
else void sleep(warmupMs).then(startMeasuring);
const networkErrors = await (rate === null ? runClosedLoop(plan, tally) : runOpenLoop(plan, rate, tally));
// A burst and an open loop wait for their last answers. A closed loop does not: each connection
// may have a request in flight.
const unansweredMax = isBurst || rate !== null ? 0 : plan.connections;
await send(tally.result(networkErrors, unansweredMax, isBurst));
process.disconnect();
