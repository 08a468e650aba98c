import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { ApiKeys } from './access/api-keys.js';
import { buildApp } from './app.js';
import type { Config } from './config.js';
import { listen } from './http/listen.js';
import { Listeners } from './http/listeners.js';
import type { Metrics } from './metrics/registry.js';
import type { Shards } from './shards/shards.js';
import type { Tracing } from './tracing/tracing.js';
import { readVersion } from './version.js';

const WAIT_MIN_MS = 250;
const WAIT_MAX_MS = 5_000;
const SWEEP_INTERVAL_MS = 50;
/** No client that means to send a request is silent for so long. */
const SILENCE_MS = 1_000;

/** Serves the application in this process until `stopping` is aborted, and lets requests in flight finish. */
export async function serve(
  config: Config,
  keys: ApiKeys,
  databaseUrls: readonly string[],
  logger: Logger,
  metrics: Metrics | undefined,
  stopping: AbortSignal,
): Promise<void> {
  const tracing = config.OTEL_EXPORTER_OTLP_ENDPOINT ? await openTracing(logger) : undefined;
  // It serves for a while and is not ready, so that a balancer sends its requests elsewhere. Each answer has
  // `Connection: close`, so that clients with kept-alive connections move on by themselves: if the server
  // closed first, it would reset a request on its way.
  const drain = ({ server }: FastifyInstance) =>
    server.listening ? sleep(config.SHUTDOWN_DELAY_MS) : Promise.resolve();
  const app = await buildApp({ config, keys, databaseUrls, logger, metrics, tracing, drain });
  sweepIdleConnections(app);
  const listeners = new Listeners(app);
  const stopped = aborted(stopping);
  try {
    // Migrate before listening, so that the first request finds the tables.
    const isReady = await prepareDatabases(app.shards, logger, stopped);
    if (stopping.aborted) return;
    await listen(app, config, logger);
    void copyListener(listeners, logger, stopping);
    if (!isReady) await waitForDatabases(app.shards, logger, stopping, stopped);
    await stopped;
  } finally {
    await close(app, config, logger);
    await tracing?.close();
  }
}

/** Without traces, OpenTelemetry is not even loaded. */
async function openTracing(logger: Logger): Promise<Tracing> {
  const { Tracing } = await import('./tracing/tracing.js');
  return new Tracing(readVersion(), logger);
}

/** Applies the migrations. Returns false if a database cannot be reached. */
async function prepareDatabases(shards: Shards, logger: Logger, stopped: Promise<void>): Promise<boolean> {
  const preparation = await Promise.race([shards.prepare(), stopped]);
  if (!preparation) return false;
  for (const line of linesOf(preparation.applied)) logger.info(`applied migration ${line}`);
  for (const { server, error } of preparation.waiting) {
    const { message, code } = error as NodeJS.ErrnoException;
    logger.warn(`waiting for ${server.name}: ${message || code}`);
  }
  return preparation.waiting.length === 0;
}

/** A line for each migration. It tells to how many shards it was applied, if there were several. */
function linesOf(applied: readonly string[]): string[] {
  return [...new Set(applied)].map((name) => {
    const count = applied.filter((other) => other === name).length;
    return count === 1 ? name : `${name} to ${count} shards`;
  });
}

async function waitForDatabases(
  shards: Shards,
  logger: Logger,
  stopping: AbortSignal,
  stopped: Promise<void>,
): Promise<void> {
  for (let waitMs = WAIT_MIN_MS; !stopping.aborted; waitMs = Math.min(2 * waitMs, WAIT_MAX_MS)) {
    await sleep(waitMs, undefined, { signal: stopping }).catch(() => {});
    if (!stopping.aborted && (await prepareDatabases(shards, logger, stopped))) {
      return logger.info(shards.servers.length === 1 ? 'the database is ready' : 'all databases are ready');
    }
  }
}

async function copyListener(listeners: Listeners, logger: Logger, stopping: AbortSignal): Promise<void> {
  try {
    await listeners.copy();
  } catch (error) {
    // Ctrl-C in a terminal ends the child process as well.
    if (stopping.aborted) return;
    logger.warn({ err: error }, 'the listening socket was not copied: under load, clients connect slowly');
  }
}

/**
 * Closes connections that become idle during the close. Fastify closes those that are idle when it begins.
 * Node.js takes one that has not sent a byte, such as a browser keeps ready, for a request in flight.
 */
function sweepIdleConnections(app: FastifyInstance): void {
  const sockets = new Set<Socket>();
  app.server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  let sweeper: NodeJS.Timeout | undefined;
  app.addHook('preClose', async () => {
    const closingAt = performance.now();
    sweeper = setInterval(() => {
      app.server.closeIdleConnections();
      if (performance.now() - closingAt < SILENCE_MS) return;
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    }, SWEEP_INTERVAL_MS);
  });
  app.addHook('onClose', async () => clearInterval(sweeper));
}

/**
 * Lets the requests in flight finish, and cuts off those that take longer than the delay and the time-out.
 */
async function close(
  app: FastifyInstance,
  { SHUTDOWN_DELAY_MS: delayMs, SHUTDOWN_TIMEOUT_MS: timeoutMs }: Config,
  logger: Logger,
): Promise<void> {
  const timer = setTimeout(() => {
    logger.warn(`cutting off requests that are in flight after ${delayMs + timeoutMs} ms`);
    app.server.closeAllConnections();
  }, delayMs + timeoutMs);
  await app.close();
  clearTimeout(timer);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
