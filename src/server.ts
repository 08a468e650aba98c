import cluster from 'node:cluster';
import type { Server } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { ApiKeys } from './access/api-keys.js';
import { reloadOnHangUp } from './access/reload.js';
import { warnOfOpenScopes } from './access/warn-of-open-scopes.js';
import { type Config, readConfig } from './config.js';
import { type AcquiredDatabases, acquireDatabases } from './database/acquire.js';
import { hostUrls } from './database/hosts.js';
import { createLogger } from './logger.js';
import { measureWorkers } from './metrics/measure-workers.js';
import { createMetrics } from './metrics/registry.js';
import { closeMetrics, serveMetrics } from './metrics/serve-metrics.js';
import { answerPrimary, WorkerMetrics } from './metrics/worker-metrics.js';
import { serve } from './serve.js';
import { runWorkers } from './workers.js';

/** The process: settings, signals, the database, and the application in this process or in several. */

/** The password in docker-compose.yml and .env.example. */
const DEFAULT_PASSWORD = 'coupons';
/** On Ctrl-C the process gets the signal twice: from the terminal, and from npm. */
const REPEATED_SIGNAL_MS = 1_000;

// V8 lets the heap grow to a multiple of its live objects: 305 MiB with 5,000 connections. Collecting
// earlier costs processor time. Decision 0006 has the figures.
setFlagsFromString('--heap-growing-percent=60');

const { config, keys } = readSettingsOrExit();
const logger = createLogger(config.LOG_LEVEL);
const hasWorkers = cluster.isPrimary && config.WEB_CONCURRENCY > 1;
reloadOnHangUp(keys, hasWorkers, logger);
const stopping = new AbortController();
let signaledAt = 0;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop(signal));

if (cluster.isPrimary) warnOfOpenScopes(keys, config, logger);

const metrics = config.METRICS_PORT === undefined ? undefined : createMetrics();
let metricsServer: Server | undefined;
let databases: AcquiredDatabases | undefined;
try {
  if (metrics && cluster.isWorker) answerPrimary(metrics);
  else if (metrics)
    metricsServer = await serveMetrics(config, logger, hasWorkers ? new WorkerMetrics(metrics) : metrics);
  databases = await acquireDatabases(config, logger, stopping.signal, metrics);
  // postgres.js takes the password from PGPASSWORD if the URL has none.
  const passwords = databases.urls.map(
    (url) => new URL(hostUrls(url)[0] as string).password || process.env['PGPASSWORD'],
  );
  if (cluster.isPrimary && passwords.includes(DEFAULT_PASSWORD)) {
    logger.warn('the database has the default password: set POSTGRES_PASSWORD to one of your own');
  }
  if (hasWorkers) {
    const { WEB_CONCURRENCY: count, SHUTDOWN_DELAY_MS, SHUTDOWN_TIMEOUT_MS } = config;
    const shutdownTimeoutMs = SHUTDOWN_DELAY_MS + SHUTDOWN_TIMEOUT_MS;
    // The workers use the embedded PostgreSQL of this process, and start none.
    const env = { DATABASE_URL: '', DATABASE_URLS: databases.urls.join(' ') };
    const onDeath = metrics && measureWorkers(metrics);
    await runWorkers({ count, env, shutdownTimeoutMs, logger, onDeath }, stopping.signal);
  } else {
    await serve(config, keys, databases.urls, logger, metrics, stopping.signal);
  }
} catch (error) {
  // A signal that stops the start of the embedded PostgreSQL is not a failure.
  if (error !== stopping.signal.reason) {
    logger.fatal(error instanceof Error ? error.message : String(error));
    logger.debug({ err: error }, 'the cause');
    process.exitCode = 1;
    stopping.abort();
  }
}
await databases?.release();
if (metricsServer) await closeMetrics(metricsServer);
logger.info('stopped');
process.exit();

function stop(signal: string): void {
  if (!stopping.signal.aborted) {
    signaledAt = Date.now();
    logger.info(`${signal}: finishing requests in flight`);
    stopping.abort();
  } else if (Date.now() - signaledAt > REPEATED_SIGNAL_MS) {
    logger.info(
      `${signal}: still stopping, for at most ${config.SHUTDOWN_DELAY_MS + config.SHUTDOWN_TIMEOUT_MS} ms`,
    );
  }
}

function readSettingsOrExit(): { config: Config; keys: ApiKeys } {
  try {
    const config = readConfig(process.env);
    return { config, keys: new ApiKeys(config) };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exit(1);
  }
}
