import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { defaultDataFolder, startEmbeddedPostgres } from '../../db/embedded/embedded-postgres.js';
import type { Config } from '../config.js';
import { measureEmbedded } from '../metrics/measure-embedded.js';

/** A database that the process may use until it releases it. */
export interface AcquiredDatabase {
  /** It may hold a password: keep it out of logs. */
  url: string;
  release(): Promise<void>;
}

/**
 * Takes the database of DATABASE_URL or, without one, starts the embedded PostgreSQL.
 * @throws DataFolderRefused, Error, or the reason of `signal`: see startEmbeddedPostgres.
 */
export async function acquireDatabase(
  { DATABASE_URL, DATA_DIR }: Config,
  logger: Logger,
  signal = new AbortController().signal,
  registry?: Registry,
): Promise<AcquiredDatabase> {
  if (DATABASE_URL) return { url: DATABASE_URL, release: async () => {} };
  const folder = await (DATA_DIR ?? defaultDataFolder());
  const embedded = await startEmbeddedPostgres(folder, {
    onProgress: (message) => logger.info(message),
    onLost: registry && measureEmbedded(registry, folder),
    signal,
  });
  logger.info(`the embedded PostgreSQL runs, its data are in ${embedded.folder}`);
  return { url: embedded.url, release: embedded.stop };
}
