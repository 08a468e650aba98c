import { readConfig } from './config.js';
import { acquireDatabases } from './database/acquire.js';
import { createLogger } from './logger.js';
import { connectShards } from './shards/connect.js';

/** The command `npm run db:migrate`: applies the migrations to the databases of the settings. */
try {
  await run();
} catch (error) {
  const { message, code } = error as NodeJS.ErrnoException;
  process.stderr.write(`${message || code}\n`);
  process.exitCode = 1;
}

async function run(): Promise<void> {
  const config = readConfig(process.env);
  const logger = createLogger(config.LOG_LEVEL);
  const { urls, release } = await acquireDatabases(config, logger);
  const shards = connectShards(urls, config, logger);
  try {
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
