import cluster from 'node:cluster';
import { setFlagsFromString } from 'node:v8';
import {
  defaultDataFolder,
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../db/embedded/embedded-postgres.js';
import { type Config, readConfig } from './config.js';
import { createLogger } from './logger.js';
import { runService } from './serve.js';
import { runWorkers } from './workers.js';

/** The process: settings, signals, the embedded database, and the service in this process or in several. */

/** The password that docker-compose.yml and .env.example come with. */
const DEFAULT_PASSWORD = 'coupons';

// V8 lets the heap grow to a multiple of what is alive in it: with 5,000 connections the process had 305 MiB. Collecting
// earlier costs processor time; decision 0006 has the figures.
setFlagsFromString('--heap-growing-percent=60');

const config = readConfigOrExit();
const logger = createLogger(config.LOG_LEVEL);
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stopping.signal.aborted) return logger.info(`${signal} again: already stopping`);
    logger.info(`${signal}: finishing what is in flight`);
    stopping.abort();
  });
}

let embedded: EmbeddedPostgres | undefined;
try {
  embedded = config.DATABASE_URL ? undefined : await startOwnDatabase();
  const url = config.DATABASE_URL ?? (embedded?.url as string);
  if (cluster.isPrimary && new URL(url).password === DEFAULT_PASSWORD) {
    logger.warn('the database has the default password: set POSTGRES_PASSWORD to one of your own');
  }
  if (cluster.isPrimary && config.WEB_CONCURRENCY > 1) {
    const { WEB_CONCURRENCY: count, SHUTDOWN_TIMEOUT_MS: shutdownTimeoutMs } = config;
    await runWorkers({ count, env: { DATABASE_URL: url }, shutdownTimeoutMs, logger }, stopping.signal);
  } else {
    await runService(config, url, logger, stopping.signal);
  }
} catch (error) {
  logger.fatal(error instanceof Error ? error.message : String(error));
  logger.debug({ err: error }, 'the cause');
  process.exitCode = 1;
  stopping.abort();
}
await embedded?.stop();
logger.info('stopped');
process.exit();

async function startOwnDatabase(): Promise<EmbeddedPostgres> {
  const database = await startEmbeddedPostgres(config.DATA_DIR ?? (await defaultDataFolder()));
  logger.info(`embedded PostgreSQL is up, its data are in ${database.folder}`);
  return database;
}

function readConfigOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exit(1);
  }
}
