import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import postgres from 'postgres';
import { defaultDataFolder, startEmbeddedPostgres } from '../db/embedded-postgres.js';
import { migrate } from '../db/migrate.js';
import { buildApp } from './app.js';
import { type Config, readConfig } from './config.js';
import { isDatabaseUnavailable, openDatabase } from './database.js';
import { createLogger } from './logger.js';

/** The process: settings, database, application, listen; and all of it back in the other order. */

const WAIT_MIN_MS = 250;
const WAIT_MAX_MS = 5_000;
const SWEEP_INTERVAL_MS = 50;
/** The password that docker-compose.yml and .env.example come with. */
const DEFAULT_PASSWORD = 'coupons';

const config = readConfigOrExit();
const logger = createLogger(config.LOG_LEVEL);
const stopping = new AbortController();
const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve()));
/** What has been opened, to be closed in the reverse order. */
const closers: (() => Promise<void>)[] = [];

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stopping.signal.aborted) return logger.info(`${signal} again: already stopping`);
    logger.info(`${signal}: finishing what is in flight`);
    stopping.abort();
  });
}

try {
  await serve();
} catch (error) {
  logger.fatal(error instanceof Error ? error.message : String(error));
  logger.debug({ err: error }, 'the cause');
  process.exitCode = 1;
}
for (const close of closers.reverse()) {
  await close().catch((error) => logger.error({ err: error }, 'could not close all'));
}
logger.info('stopped');
process.exit();

/** Runs the service until it is told to stop. */
async function serve(): Promise<void> {
  const url = config.DATABASE_URL ?? (await startOwnDatabase());
  const database = openDatabase({
    url,
    connectionsMax: config.DATABASE_CONNECTIONS_MAX,
    statementTimeoutMs: config.STATEMENT_TIMEOUT_MS,
    onHung: () => logger.warn('the database hangs: its connections are given up'),
  });
  closers.push(() => database.close());
  if (new URL(url).password === DEFAULT_PASSWORD) {
    logger.warn('the database has the default password: set POSTGRES_PASSWORD to one of your own');
  }
  const app = await buildApp({ database, logger });
  // The first try comes before listening, so that a database that is there is ready for the first request.
  const ready = await prepareDatabase(url);
  if (stopping.signal.aborted) return;
  await listen(app);
  closers.push(() => closeApp(app));
  if (!ready) await waitForDatabase(url);
  await stopped;
}

async function startOwnDatabase(): Promise<string> {
  const embedded = await startEmbeddedPostgres(config.DATA_DIR ?? (await defaultDataFolder()));
  closers.push(() => embedded.stop());
  logger.info(`embedded PostgreSQL is up, its data are in ${embedded.folder}`);
  return embedded.url;
}

/** Applies the migrations. False: the database cannot be reached. */
async function prepareDatabase(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => {} });
  try {
    // A stop waits neither for another server's migrations nor for a database that hangs.
    const applied = await Promise.race([migrate(sql), stopped]);
    if (!applied) return false;
    for (const file of applied) logger.info(`applied migration ${file}`);
    return true;
  } catch (error) {
    if (!isDatabaseUnavailable(error)) throw error;
    const { message, code } = error as NodeJS.ErrnoException;
    logger.warn(`waiting for the database: ${message || code}`);
    return false;
  } finally {
    await sql.end({ timeout: 0 });
  }
}

async function waitForDatabase(url: string): Promise<void> {
  for (let waitMs = WAIT_MIN_MS; !stopping.signal.aborted; waitMs = Math.min(2 * waitMs, WAIT_MAX_MS)) {
    await sleep(waitMs, undefined, { signal: stopping.signal }).catch(() => {});
    if (!stopping.signal.aborted && (await prepareDatabase(url))) return logger.info('the database is there');
  }
}

async function listen(app: FastifyInstance): Promise<void> {
  try {
    await app.listen({
      port: config.PORT,
      host: config.HOST,
      listenTextResolver: (address) => `listening on ${address}`,
    });
  } catch (error) {
    await app.close();
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(`port ${config.PORT} is taken: set PORT to another`, { cause: error });
  }
  const { port } = app.server.address() as AddressInfo;
  const host = ['0.0.0.0', '::'].includes(config.HOST) ? 'localhost' : config.HOST;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  logger.info(
    `try: curl -i ${url}/api/coupons -H 'Content-Type: application/json' -d '{"name":"SUMMER","amount":5}'`,
  );
}

/** Lets the requests in flight finish; what has not finished in time is cut off. */
async function closeApp(app: FastifyInstance): Promise<void> {
  const timer = setTimeout(() => {
    logger.warn(`requests in flight for more than ${config.SHUTDOWN_TIMEOUT_MS} ms are cut off`);
    app.server.closeAllConnections();
  }, config.SHUTDOWN_TIMEOUT_MS);
  // Fastify closes the connections that are idle now; the others would be kept alive when they become so.
  const sweeper = setInterval(() => app.server.closeIdleConnections(), SWEEP_INTERVAL_MS);
  await app.close();
  clearTimeout(timer);
  clearInterval(sweeper);
}

function readConfigOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exit(1);
  }
}
