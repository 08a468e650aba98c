import { fork } from 'node:child_process';
import { once } from 'node:events';
import { builtFile } from '../rig/build.js';
import type { LoadMessage } from './load-process.js';
import type { LoadPlan, LoadResult } from './plan.js';

/**
 * Runs a load in a process of its own.
 * @param onMeasuring is called when the warm-up is over.
 * @throws Error when the load process fails, or the signal is aborted.
 */
export async function runLoad(
  plan: LoadPlan,
  onMeasuring: () => void,
  signal: AbortSignal,
): Promise<LoadResult> {
  const child = fork(builtFile('bench/load/load-process.js'), [JSON.stringify(plan)], {
    execArgv: [],
    signal,
    killSignal: 'SIGKILL',
  });
  let result: LoadResult | undefined;
  child.on('message', (message: LoadMessage) => {
    if (message === 'measuring') onMeasuring();
    else result = message;
  });
  const [code, killedBy] = await once(child, 'close');
  if (!result) throw new Error(`the load process ended early (${killedBy ?? code})`);
  return result;
}
