import type { Server } from 'node:http';
import type { Registry } from 'prom-client';
import { connectDatabase } from './app.js';
import { type Config, readConfig } from './config.js';
import { acquireDatabase } from './database/acquire.js';
import type { Database } from './database/database.js';
import { EventLog } from './events/event-log.js';
import { createLogger } from './logger.js';
import { measureDatabase } from './metrics/measure-database.js';
import { measureLog } from './metrics/measure-log.js';
import { measureRelay } from './metrics/measure-relay.js';
import { createMetrics } from './metrics/registry.js';
import { closeMetrics, serveMetrics } from './metrics/serve-metrics.js';
import { listDeadLetters, retryDeadLetter } from './relay/dead-letters.js';
import { compete } from './relay/leadership.js';
import { relayLog } from './relay/relay-log.js';
import { readSecrets } from './relay/secrets.js';
import type { WebhookOptions } from './relay/webhook.js';

/**
 * The command `npm run relay`: sends the events of the log to RELAY_URL. `-- dead` lists the events that
 * could not be delivered, one JSON object per line, and `-- retry <id>|all` sends them again.
 */

const USAGE = 'usage: npm run relay [-- dead | -- retry <id> | -- retry all]';

const [command = 'run', ...operands] = process.argv.slice(2);
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
try {
  await main();
} catch (error) {
  // A signal that stops the start of the embedded PostgreSQL is not a failure.
  if (error !== stopping.signal.reason) {
    const { message, code } = error as NodeJS.ErrnoException;
    process.stderr.write(`${message || code}\n`);
    process.exitCode = 1;
  }
}
process.exit();

async function main(): Promise<void> {
  const isKnown = /^(run|dead)$/.test(command) ? operands.length === 0 : command === 'retry';
  if (!isKnown || (command === 'retry' && !/^(\d{1,15}|all)$/.test(operands.join(' '))))
    throw new Error(USAGE);
  const config = readConfig(process.env);
  const webhook = command === 'dead' ? undefined : webhookOf(config);
  // The output of the other commands is theirs.
  const logger = createLogger(command === 'run' ? config.LOG_LEVEL : 'silent');
  const hasMetrics = command === 'run' && config.METRICS_PORT !== undefined;
  const registry = hasMetrics ? createMetrics() : undefined;
  const { url, release } = await acquireDatabase(config, logger, stopping.signal, registry);
  const database = connectDatabase(url, config, logger, registry);
  let metrics: Server | undefined;
  try {
    if (registry) metrics = await serveMetrics(config, logger, registry);
    if (command === 'run') await run(config, database, webhook!, registry);
    else if (command === 'dead') await list(database);
    else await retry(database, webhook!, operands[0]!);
  } finally {
    if (metrics) await closeMetrics(metrics);
    await database.close();
    await release();
  }

  async function run(
    config: Config,
    database: Database,
    webhook: WebhookOptions,
    registry: Registry | undefined,
  ): Promise<void> {
    if (config.DATABASE_POOLER) {
      throw new Error('the relay holds a lock of its session: set DATABASE_URL to PostgreSQL itself');
    }
    if (registry) {
      measureDatabase(registry, database);
      measureLog(registry, database);
    }
    const measured = registry && measureRelay(registry);
    webhook.onFailure = (event, attempt, error, pauseMs) => {
      measured?.count('failed');
      logger.warn({ event: event.id, attempt, error, pauseMs }, 'an event was not delivered: trying again');
    };
    const log = new EventLog(database);
    const options = { log, webhook, logger, onSent: measured?.count, stopping: stopping.signal };
    const onStop = () => logger.info('finishing the request under way');
    stopping.signal.addEventListener('abort', onStop, { once: true });
    logger.info('competing to be the active relay');
    await compete(
      database.openClient({}),
      stopping.signal,
      async (term) => {
        logger.info('this relay is active');
        measured?.setActive(true);
        await relayLog(options, term).finally(() => measured?.setActive(false));
        if (term.lost.aborted) logger.warn('lost the lock: this relay stopped sending');
      },
      (error) => logger.warn(`waiting for the database: ${error instanceof Error ? error.message : error}`),
    );
    logger.info('stopped');
  }
}

/** @throws Error that names a setting that is missing. */
function webhookOf(config: Config): WebhookOptions {
  if (!config.RELAY_URL) throw new Error('invalid setting: RELAY_URL is required');
  // fetch refuses such URLs for each event anew, and shows the password in its error.
  const url = URL.canParse(config.RELAY_URL) ? new URL(config.RELAY_URL) : undefined;
  if (!url || url.username || url.password) {
    throw new Error('invalid setting: RELAY_URL must be a URL without a user name and a password');
  }
  return {
    url: config.RELAY_URL,
    secrets: readSecrets(config),
    timeoutMs: config.RELAY_TIMEOUT_MS,
    attemptsMax: config.RELAY_ATTEMPTS_MAX,
    retryMs: config.RELAY_RETRY_MS,
  };
}

async function list(database: Database): Promise<void> {
  for await (const letter of listDeadLetters(database)) process.stdout.write(`${JSON.stringify(letter)}\n`);
}

/** Sets the exit code to 1 if a letter could not be delivered, or does not exist. */
async function retry(database: Database, webhook: WebhookOptions, which: string): Promise<void> {
  let found = 0;
  for await (const letter of listDeadLetters(database)) {
    if (which !== 'all' && Number(which) !== letter.id) continue;
    if (stopping.signal.aborted) break;
    found++;
    const error = await retryDeadLetter(database, letter, webhook);
    process.stdout.write(`${letter.id} ${letter.event.id}: ${error ?? 'delivered'}\n`);
    if (error) process.exitCode = 1;
  }
  if (found === 0 && which !== 'all') throw new Error(`there is no dead letter ${which}`);
}
