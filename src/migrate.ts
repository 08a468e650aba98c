import { parseArgs } from 'node:util';
import { readConfig } from './config.js';
import { acquireDatabases } from './database/acquire.js';
import { createLogger } from './logger.js';
import { connectShards } from './shards/connect.js';

/** The command `npm run db:migrate`: applies the migrations to the databases of the settings. */

const USAGE = `usage: npm run db:migrate

Applies the migrations that are pending to the databases of the settings. A service does so at its start.`;

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
try {
  await run();
} catch (error) {
  const { message, code } = error as NodeJS.ErrnoException;
  const isStopped = stopping.signal.aborted;
  process.stderr.write(isStopped ? 'stopped: run it again to apply what is left\n' : `${message || code}\n`);
  process.exitCode = 1;
}
process.exit();

async function run(): Promise<void> {
  const { values } = parseArgs({ options: { help: { type: 'boolean' } } });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const config = readConfig(process.env);
  const logger = createLogger(config.LOG_LEVEL);
  const { urls, release } = await acquireDatabases(config, logger, stopping.signal);
  const shards = connectShards(urls, config, logger);
  stopping.signal.addEventListener('abort', () => shards.close());
  try {
    stopping.signal.throwIfAborted();
    const { applied, waiting } = await shards.prepare();
    const names = [...new Set(applied)];
    // What was applied stays, also if a database did not answer.
    if (names.length > 0) logger.info(`applied ${names.join(', ')}`);
    if (waiting[0]) throw waiting[0].error;
    if (names.length === 0) logger.info('no migration is pending');
  } finally {
    await shards.close();
    await release();
  }
}
