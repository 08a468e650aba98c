import { join } from 'node:path';
import { DataFolderRefused, openDataFolder } from './data-folder.js';
import { findPrograms, makeReachable, type PostgresPrograms } from './programs.js';
import { findServerUser, isOpenToAll, type ServerUser } from './server-user.js';

/** Everything that is needed to create a database and to launch its server. */
export interface Installation {
  programs: PostgresPrograms;
  /** The folder that holds the data directory and the log, without symbolic links. */
  folder: string;
  data: string;
  log: string;
  user: ServerUser | undefined;
  /** Arguments for each launch of the server. */
  settings: string[];
}

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // Until the first checkpoint has left segments of the write-ahead log to reuse, PostgreSQL would
  // fill each new segment with zeros, and all claims would wait for it: see decision 0007.
  wal_init_zero: 'off',
};

/**
 * Prepares the folder and the programs.
 * @throws DataFolderRefused if the server's user cannot enter the folder.
 * @throws Error if there is no PostgreSQL for this platform, or an error of the file system.
 */
export async function prepareInstallation(
  path: string,
  settings: Record<string, string>,
  onProgress: (message: string) => void,
): Promise<Installation> {
  const found = await findPrograms();
  const folder = await openDataFolder(path);
  const data = join(folder, 'postgres');
  const user = await findServerUser(data);
  if (user && !(await isOpenToAll(folder))) {
    throw new DataFolderRefused(
      folder,
      `PostgreSQL refuses to run as root, and the user that it would run as (${user.uid}) cannot enter this folder`,
    );
  }
  return {
    programs: await makeReachable(found, folder, user, onProgress),
    folder,
    data,
    log: join(folder, 'postgres.log'),
    user,
    settings: Object.entries({ ...SETTINGS, ...settings }).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ]),
  };
}
