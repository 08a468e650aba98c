import { parentPort, workerData } from 'node:worker_threads';
import { runClosedLoop } from './closed-loop.js';
import { runOpenLoop } from './open-loop.js';
import type { LoadPlan, LoadResult } from './plan.js';
import { Tally } from './tally.js';

/** Runs the plan in `workerData`. Sends `measuring` when the warm-up is over, and the result at the end. */

const plan: LoadPlan = workerData;
const { rate, requests, traffic, warmupMs, connections } = plan;
const tally = new Tally(traffic.coupons);
const warmUp = () => {
  setTimeout(() => {
    tally.startMeasuring();
    parentPort?.postMessage('measuring');
  }, warmupMs);
};
if (rate === null) warmUp();
const networkErrors = await (rate === null
  ? runClosedLoop(plan, tally)
  : runOpenLoop(plan, rate, tally, warmUp));
// A burst and an open loop wait for their last answers. A closed loop does not: each connection
// may have a request in flight.
const unansweredMax = requests === null && rate === null ? connections * (traffic.claimsInRequest ?? 1) : 0;
parentPort?.postMessage({ ...tally.result(), networkErrors, unansweredMax } satisfies LoadResult);
