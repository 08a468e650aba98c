import cluster from 'node:cluster';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import postgres from 'postgres';
import { migrate } from '../db/migrate.js';
import { buildApp } from './app.js';
import { decideClaims } from './claims/claim-statement.js';
import { ClaimEngine } from './claims/lanes.js';
import type { Config } from './config.js';
import { type Database, openDatabase } from './database/database.js';
import { isDatabaseUnavailable } from './database/errors.js';

const WAIT_MIN_MS = 250;
const WAIT_MAX_MS = 5_000;
const SWEEP_INTERVAL_MS = 50;
/** Connections that wait to be accepted: at noon, thousands come at once. The kernel may have a lower bound. */
export const CONNECTION_BACKLOG_MAX = 16_384;

/** Runs the service on a database until `stopping` is aborted, and then lets the requests in flight finish. */
export async function runService(
  config: Config,
  url: string,
  logger: Logger,
  stopping: AbortSignal,
): Promise<void> {
  const { database, engine, close } = openParts(config, url, logger);
  const stopped = aborted(stopping);
  try {
    const app = await buildApp({ database, engine, logger });
    // The first try comes before listening, so that a database that is there is ready for the first request.
    const ready = await prepareDatabase(url, logger, stopped);
    if (stopping.aborted) return;
    await listen(app, config, logger);
    try {
      if (!ready) await waitForDatabase(url, logger, stopping, stopped);
      await stopped;
    } finally {
      await closeApp(app, config.SHUTDOWN_TIMEOUT_MS, logger);
    }
  } finally {
    await close();
  }
}

export interface Parts {
  database: Database;
  engine: ClaimEngine;
  close(): Promise<void>;
}

/** What the application works on: the database, and the engine that claims in it. */
export function openParts(config: Config, url: string, logger: Logger): Parts {
  const database = openDatabase({
    url,
    connectionsMax: config.DATABASE_CONNECTIONS_MAX,
    claimLanes: config.CLAIM_LANES,
    statementTimeoutMs: config.STATEMENT_TIMEOUT_MS,
    lockTimeoutMs: config.LOCK_TIMEOUT_MS,
    onHung: () => logger.warn('the database hangs: its connections are given up'),
  });
  const engine = new ClaimEngine({
    decide: (requests, lane) => database.claim(lane, (sql) => decideClaims(sql, requests)),
    lanes: config.CLAIM_LANES,
    batchSizeMax: config.CLAIM_BATCH_SIZE_MAX,
    waitingMax: config.CLAIMS_WAITING_MAX,
    waitMsMax: config.CLAIM_WAIT_TIMEOUT_MS,
    unknownMsMax: config.CLAIM_OUTCOME_TIMEOUT_MS,
  });
  return {
    database,
    engine,
    async close() {
      engine.close();
      await database.close();
    },
  };
}

/** Applies the migrations. False: the database cannot be reached. */
async function prepareDatabase(url: string, logger: Logger, stopped: Promise<void>): Promise<boolean> {
  const sql = postgres(url, { max: 1, connect_timeout: 5, fetch_types: false, onnotice: () => {} });
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

async function waitForDatabase(
  url: string,
  logger: Logger,
  stopping: AbortSignal,
  stopped: Promise<void>,
): Promise<void> {
  for (let waitMs = WAIT_MIN_MS; !stopping.aborted; waitMs = Math.min(2 * waitMs, WAIT_MAX_MS)) {
    await sleep(waitMs, undefined, { signal: stopping }).catch(() => {});
    if (!stopping.aborted && (await prepareDatabase(url, logger, stopped)))
      return logger.info('the database is there');
  }
}

async function listen(app: FastifyInstance, { PORT, HOST }: Config, logger: Logger): Promise<void> {
  try {
    await app.listen({
      port: PORT,
      host: HOST,
      backlog: CONNECTION_BACKLOG_MAX,
      listenTextResolver: (address) => `listening on ${address}`,
    });
  } catch (error) {
    await app.close();
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(`port ${PORT} is taken: set PORT to another`, { cause: error });
  }
  if (cluster.isWorker) return;
  const { port } = app.server.address() as AddressInfo;
  const host = ['0.0.0.0', '::'].includes(HOST) ? 'localhost' : HOST;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  logger.info(
    `try: curl -i ${url}/api/coupons -H 'Content-Type: application/json' -d '{"name":"SUMMER","amount":5}'`,
  );
}

/** Lets the requests in flight finish; what has not finished in time is cut off. */
async function closeApp(app: FastifyInstance, timeoutMs: number, logger: Logger): Promise<void> {
  const timer = setTimeout(() => {
    logger.warn(`requests in flight for more than ${timeoutMs} ms are cut off`);
    app.server.closeAllConnections();
  }, timeoutMs);
  // Fastify closes the connections that are idle now; the others would be kept alive when they become so.
  const sweeper = setInterval(() => app.server.closeIdleConnections(), SWEEP_INTERVAL_MS);
  await app.close();
  clearTimeout(timer);
  clearInterval(sweeper);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  // Asked for once, however often it is waited for: each listener stays until then.
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
