import { connectDatabase } from './app.js';
import { readConfig } from './config.js';
import { acquireDatabase } from './database/acquire.js';
import { createLogger } from './logger.js';

/** The command `npm run db:migrate`: applies the migrations to the database of the settings. */
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
  const { url, release } = await acquireDatabase(config, logger);
  const database = connectDatabase(url, config, logger);
  try {
    const applied = await database.migrate();
    logger.info(applied.length > 0 ? `applied ${applied.join(', ')}` : 'no migration is pending');
  } finally {
    await database.close();
    await release();
  }
}
