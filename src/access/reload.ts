import cluster from 'node:cluster';
import type { Logger } from 'pino';
import type { ApiKeys } from './api-keys.js';

/** What the primary sends to its workers. A signal would end a worker that has just been started. */
const RELOAD = 'reload keys';

/**
 * Reads the key files again on SIGHUP, in each process: the primary passes the signal on to its workers.
 * Without files, SIGHUP ends the process, as it does by default.
 */
export function reloadOnHangUp(keys: ApiKeys, hasWorkers: boolean, logger: Logger): void {
  if (!keys.hasFiles) return;
  process.on('SIGHUP', () => (hasWorkers ? passOn() : reload(keys, logger)));
  if (cluster.isWorker) process.on('message', (message) => message === RELOAD && reload(keys, logger));
}

function passOn(): void {
  for (const worker of Object.values(cluster.workers ?? {})) {
    // A worker that dies meanwhile needs no message: the next one reads the files when it starts.
    worker?.send(RELOAD, () => {});
  }
}

function reload(keys: ApiKeys, logger: Logger): void {
  try {
    keys.reload();
    logger.info({ keys: keys.names() }, 'SIGHUP: read the key files again');
  } catch (error) {
    logger.error(`SIGHUP: the keys stay as they are: ${(error as Error).message}`);
  }
}
