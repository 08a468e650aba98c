import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { LoadResult, RunLoad } from './plan.js';

/** Runs a load in a thread of its own. */
export const runLoad: RunLoad = async (plan, onMeasuring, signal) => {
  const worker = new Worker(join(import.meta.dirname, 'load-thread.js'), { workerData: plan });
  let result: LoadResult | undefined;
  worker.on('message', (message: 'measuring' | LoadResult) => {
    if (message === 'measuring') onMeasuring();
    else result = message;
  });
  await once(worker, 'exit', { signal }).finally(() => worker.terminate());
  if (!result) throw new Error('the load ended early');
  return result;
};
