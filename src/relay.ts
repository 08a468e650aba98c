import { setMaxListeners } from 'node:events';
import type { Server } from 'node:http';
import type { Registry } from 'prom-client';
import { type Config, readConfig } from './config.js';
import { acquireDatabases } from './database/acquire.js';
import type { Database } from './database/database.js';
import { EventLog } from './events/event-log.js';
import { pollIntervalMs } from './events/merged-log.js';
import { createLogger } from './logger.js';
import { measureDatabase } from './metrics/measure-database.js';
import { measureLog } from './metrics/measure-log.js';
import { measureRelay } from './metrics/measure-relay.js';
import { createMetrics } from './metrics/registry.js';
import { closeMetrics, serveMetrics } from './metrics/serve-metrics.js';
import { type DeadLetter, listDeadLetters, retryDeadLetter } from './relay/dead-letters.js';
import { compete } from './relay/leadership.js';
import { relayLog } from './relay/relay-log.js';
import { readSecrets } from './relay/secrets.js';
import type { WebhookOptions } from './relay/webhook.js';
import { connectShards } from './shards/connect.js';
import type { Shards } from './shards/shards.js';

/**
 * The command `npm run relay`: sends the events of the log to RELAY_URL. `-- dead` lists the events that
 * could not be delivered, one JSON object per line, and `-- retry <id>|all` sends them again. With shards,
 * the number of the shard stands before an id: `3/7`.
 */

const USAGE = 'usage: npm run relay [-- dead | -- retry <id> | -- retry all]';

const [command = 'run', ...operands] = process.argv.slice(2);
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
// Each shard listens.
setMaxListeners(0, stopping.signal);
// Nobody reads on: `npm run relay -- dead | head`.
process.stdout.on('error', () => stopping.abort());
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
  if (!isKnown || (command === 'retry' && !/^((\d{1,2}\/)?\d{1,15}|all)$/.test(operands.join(' '))))
    throw new Error(USAGE);
  const config = readConfig(process.env);
  const webhook = command === 'dead' ? undefined : webhookOf(config);
  // The output of the other commands is theirs.
  const logger = createLogger(command === 'run' ? config.LOG_LEVEL : 'silent');
  const hasMetrics = command === 'run' && config.METRICS_PORT !== undefined;
  const registry = hasMetrics ? createMetrics() : undefined;
  const { urls, release } = await acquireDatabases(config, logger, stopping.signal, registry);
  const shards = connectShards(urls, config, logger, registry);
  let metrics: Server | undefined;
  try {
    if (registry) metrics = await serveMetrics(config, logger, registry);
    if (command === 'run') await run(config, shards, webhook!, registry);
    else await shards.verifyComplete();
    if (command === 'dead') await list(shards);
    if (command === 'retry') await retry(shards, webhook!, operands[0]!);
  } finally {
    if (metrics) await closeMetrics(metrics);
    await shards.close();
    await release();
  }

  async function run(
    config: Config,
    shards: Shards,
    webhook: WebhookOptions,
    registry: Registry | undefined,
  ): Promise<void> {
    if (config.DATABASE_POOLER) {
      throw new Error('the relay holds a lock of its session: set DATABASE_URL to PostgreSQL itself');
    }
    if (registry) {
      measureDatabase(registry, shards);
      measureLog(registry, shards);
    }
    const measured = registry && measureRelay(registry);
    webhook.onFailure = (event, attempt, error, pauseMs) => {
      measured?.count('failed');
      logger.warn({ event: event.id, attempt, error, pauseMs }, 'an event was not delivered: trying again');
    };
    const onStop = () => logger.info('finishing the request under way');
    stopping.signal.addEventListener('abort', onStop, { once: true });
    logger.info('competing to be the active relay');
    let active = 0;
    const relayShard = (database: Database, shard: number) => {
      const log = new EventLog(database, pollIntervalMs(shards.all.length));
      const options = { log, webhook, logger, onSent: measured?.count, stopping: stopping.signal };
      const forShard = shards.all.length > 1 ? ` for shard ${shard}` : '';
      return compete(
        database.openClient({}),
        shard,
        stopping.signal,
        async (term) => {
          await shards.verify(shards.databaseOf(shard));
          logger.info(`this relay is active${forShard}`);
          measured?.setActive(++active > 0);
          await relayLog(options, term).finally(() => measured?.setActive(--active > 0));
          if (term.lost.aborted) logger.warn(`lost the lock: this relay stopped sending${forShard}`);
        },
        (error) =>
          logger.warn(
            `waiting for ${shards.serverOf(shard).name}: ${error instanceof Error ? error.message : error}`,
          ),
      );
    };
    // Shards do not wait for each other: an event that cannot be delivered holds up those of its own shard.
    await Promise.all(shards.all.map(relayShard));
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

async function list(shards: Shards): Promise<void> {
  for await (const { shard, ...letter } of lettersOf(shards)) {
    if (stopping.signal.aborted) break;
    const place = shards.all.length > 1 ? { shard } : {};
    process.stdout.write(`${JSON.stringify({ ...place, ...letter })}\n`);
  }
}

/** Sets the exit code to 1 if a letter could not be delivered, or does not exist. */
async function retry(shards: Shards, webhook: WebhookOptions, which: string): Promise<void> {
  let found = 0;
  for await (const { shard, ...letter } of lettersOf(shards)) {
    const name = shards.all.length > 1 ? `${shard}/${letter.id}` : String(letter.id);
    if (which !== 'all' && which !== name) continue;
    if (stopping.signal.aborted) break;
    found++;
    const error = await retryDeadLetter(shards.all[shard]!, letter, webhook);
    process.stdout.write(`${name} ${letter.event.id}: ${error ?? 'delivered'}\n`);
    if (error) process.exitCode = 1;
  }
  if (found === 0 && which !== 'all') throw new Error(`there is no dead letter ${which}`);
}

async function* lettersOf({ all }: Shards): AsyncGenerator<DeadLetter & { shard: number }> {
  for (const [shard, database] of all.entries()) {
    for await (const letter of listDeadLetters(database)) yield { ...letter, shard };
  }
}
