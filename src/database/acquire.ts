import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { defaultDataFolder, startEmbeddedPostgres } from '../../db/embedded/embedded-postgres.js';
import type { Config } from '../config.js';
import { measureEmbedded } from '../metrics/measure-embedded.js';
import { databaseUrls } from './hosts.js';

/** The databases that the process may use until it releases them. */
export interface AcquiredDatabases {
  /** They may hold passwords: keep them out of logs. */
  urls: string[];
  release(): Promise<void>;
}

/**
 * Takes the databases of the settings or, without any, starts the embedded PostgreSQL.
 * @throws DataFolderRefused, Error, or the reason of `signal`: see startEmbeddedPostgres.
 */
export async function acquireDatabases(
  config: Config,
  logger: Logger,
  signal = new AbortController().signal,
  registry?: Registry,
): Promise<AcquiredDatabases> {
  const urls = databaseUrls(config);
  if (urls.length > 0) return { urls, release: async () => {} };
  const folder = await (config.DATA_DIR ?? defaultDataFolder());
  const embedded = await startEmbeddedPostgres(folder, {
    onProgress: (message) => logger.info(message),
    onLost: registry && measureEmbedded(registry, folder),
    signal,
  });
  logger.info(`the embedded PostgreSQL runs, its data are in ${embedded.folder}`);
  return { urls: [embedded.url], release: embedded.stop };
}
