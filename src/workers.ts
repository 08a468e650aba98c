import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';

const RESTART_DELAY_MS = 500;
/** Added to the time that a worker gives its requests in flight. */
const STOP_GRACE_MS = 10_000;

export interface WorkersOptions {
  count: number;
  env: Record<string, string>;
  /** How long a worker may take to serve on and to finish its requests in flight. */
  shutdownTimeoutMs: number;
  logger: Logger;
  /** Is called when a worker dies by itself. */
  onDeath?: (() => void) | undefined;
}

/**
 * Runs several processes of the service on one port, and replaces each one that dies. When `stopping`
 * is aborted, all of them stop gracefully.
 * @throws Error if a worker dies before any has listened: another one would die as well.
 */
export async function runWorkers(options: WorkersOptions, stopping: AbortSignal): Promise<void> {
  const { count, env, shutdownTimeoutMs, logger, onDeath } = options;
  let hasListened = false;
  cluster.on('listening', () => (hasListened = true));

  /** Runs one process to its end. @returns how it ended. */
  const runOne = async (): Promise<string> => {
    const worker = cluster.fork(env);
    const onStop = () => stopWorker(worker, shutdownTimeoutMs + STOP_GRACE_MS);
    stopping.addEventListener('abort', onStop, { once: true });
    try {
      const [code, signal] = (await once(worker, 'exit')) as [number | null, string | null];
      return `worker ${worker.process.pid} died (${signal ?? `exit code ${code}`})`;
    } finally {
      stopping.removeEventListener('abort', onStop);
    }
  };
  const keepOne = async () => {
    while (!stopping.aborted) {
      const death = await runOne().catch((error) => `a worker cannot be started (${error.message})`);
      if (stopping.aborted) return;
      if (!hasListened) throw new Error(`a worker could not start: ${death}`);
      onDeath?.();
      logger.error(`${death}: starting another`);
      await sleep(RESTART_DELAY_MS, undefined, { signal: stopping }).catch(() => {});
    }
  };
  await Promise.all(Array.from({ length: count }, keepOne));
}

function stopWorker(worker: Worker, timeoutMs: number): void {
  worker.process.kill('SIGTERM');
  const timer = setTimeout(() => worker.process.kill('SIGKILL'), timeoutMs);
  worker.once('exit', () => clearTimeout(timer));
}
