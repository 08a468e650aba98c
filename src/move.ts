import { parseArgs } from 'node:util';
import { readConfig } from './config.js';
import { acquireDatabases } from './database/acquire.js';
import { createLogger } from './logger.js';
import { connectShards } from './shards/connect.js';
import { KEPT_IN, moveIntoShards } from './shards/move/move.js';
import { shapeOf } from './shards/shape.js';

/**
 * The command `npm run shards:move`: moves the coupons of a database without shards into the shards of the
 * settings. The database is the first, or only one, of them.
 */

const STATEMENT_MS_MAX = 600_000;
const USAGE = `usage: npm run shards:move

Moves the coupons of a database without shards into those of the settings: DATABASE_SHARDS, DATABASE_URLS.
Writes wait meanwhile. A move that fails changes nothing, and can be tried again.`;

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
try {
  await run();
} catch (error) {
  const { message, code } = error as NodeJS.ErrnoException;
  const isStopped = stopping.signal.aborted;
  process.stderr.write(isStopped ? 'the move was stopped: nothing was changed\n' : `${message || code}\n`);
  process.exitCode = 1;
}
process.exit();

async function run(): Promise<void> {
  const { values } = parseArgs({ options: { help: { type: 'boolean' } } });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  // A statement that copies many rows may take longer than one of the service.
  const config = { ...readConfig(process.env), STATEMENT_TIMEOUT_MS: STATEMENT_MS_MAX };
  if (shapeOf(config).shards === 1) throw new Error('invalid setting: DATABASE_SHARDS must be 2 or more');
  if (config.DATABASE_POOLER) {
    throw new Error('the move needs sessions of its own: set DATABASE_URL to PostgreSQL itself');
  }
  const logger = createLogger('silent');
  const { urls, release } = await acquireDatabases(config, logger, stopping.signal);
  const shards = connectShards(urls, config, logger);
  const undivided = connectShards(urls.slice(0, 1), { ...config, DATABASE_SHARDS: 1 }, logger);
  const close = () => Promise.all([shards.close(), undivided.close()]);
  stopping.signal.addEventListener('abort', close);
  try {
    await Promise.all([...shards.servers, ...undivided.servers].map((server) => server.check()));
    await moveIntoShards(shards, {
      openSource: () => undivided.all[0]!.openClient({}),
      onProgress: (sentence) => process.stdout.write(`${sentence}\n`),
    });
    process.stdout.write(
      `done: start the services with these settings. The schema ${KEPT_IN} has the old tables\n`,
    );
  } finally {
    await close();
    await release();
  }
}
