import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { builtFile } from './build.js';
import type { LoadMessage, LoadPlan } from './load-process.js';
import type { LoadResult } from './tally.js';

export interface LoadObserver {
  /** The warm-up is over. */
  onMeasuring: () => void;
  onProgress: (answersPerSecond: number) => void;
  signal: AbortSignal;
}

/** Runs a load in a process of its own. */
export async function runLoad(plan: LoadPlan, observer: LoadObserver): Promise<LoadResult> {
  observer.signal.throwIfAborted();
  const child = fork(builtFile('bench/load-process.js'), { execArgv: [] });
  const stop = () => child.kill('SIGKILL');
  observer.signal.addEventListener('abort', stop, { once: true });
  try {
    child.send(plan);
    return await resultOf(child, observer);
  } finally {
    observer.signal.removeEventListener('abort', stop);
    if (child.connected) child.disconnect();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
}

function resultOf(child: ChildProcess, observer: LoadObserver): Promise<LoadResult> {
  let answers = 0;
  let at = performance.now();
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      reject(observer.signal.reason ?? new Error(`the load process ended early (${signal ?? code})`));
    });
    child.on('message', (message: LoadMessage) => {
      switch (message.type) {
        case 'progress': {
          const now = performance.now();
          observer.onProgress(((message.answers - answers) * 1000) / (now - at));
          answers = message.answers;
          at = now;
          return;
        }
        case 'measuring':
          return observer.onMeasuring();
        case 'done':
          return resolve(message.result);
        case 'failed':
          return reject(new Error(`the load failed: ${message.message}`));
      }
    });
  });
}
