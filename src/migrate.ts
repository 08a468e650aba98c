import postgres from 'postgres';
import { defaultDataFolder, startEmbeddedPostgres } from '../db/embedded/embedded-postgres.js';
import { migrate } from '../db/migrate.js';
import { readConfig } from './config.js';
import { createLogger } from './logger.js';

/** Applies the migrations to the database of the settings, and exits. */
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
  const embedded = config.DATABASE_URL
    ? undefined
    : await startEmbeddedPostgres(config.DATA_DIR ?? (await defaultDataFolder()));
  const sql = postgres(config.DATABASE_URL ?? embedded?.url ?? '', { max: 1, onnotice: () => {} });
  try {
    const applied = await migrate(sql);
    logger.info(applied.length > 0 ? `applied ${applied.join(', ')}` : 'nothing to apply');
  } finally {
    await sql.end();
    await embedded?.stop();
  }
}
