import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, realpath, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { projectRoot } from '../project-root.js';
import type { Installation } from './installation.js';
import { isOpenToAll } from './server-user.js';

/** PostgreSQL cannot keep its data in this folder. The message names the folder and DATA_DIR. */
export class DataFolderRefused extends Error {
  constructor(folder: string, reason: string, options?: ErrorOptions) {
    super(`cannot keep PostgreSQL's data in ${folder}: ${reason}; set DATA_DIR to another folder`, options);
  }
}

/** The file in the data directory that holds the password. It also marks the data as ours. */
export const PASSWORD_FILE = 'service-password';

// PostgreSQL truncates paths of more than 1,023 bytes. This leaves room for the names of its files.
const PATH_MAX_BYTES = 800;

const REASONS: Record<string, string> = {
  EACCES: 'this user may not read and write there',
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'a part of this path is not a folder',
  ELOOP: 'its symbolic links form a circle',
  ENAMETOOLONG: 'the path is too long',
  // createFolder() has made sure that the parent exists.
  ENOENT: 'the file system does not allow new folders there',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of this path is not a folder',
  EPERM: 'the file system does not allow it',
  EROFS: 'the file system is read-only',
};

/** Turns an error of the file system into a DataFolderRefused. Other errors stay as they are. */
export function explain(error: unknown, folder: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  const reason = REASONS[code ?? ''];
  if (!reason || syscall?.startsWith('spawn')) return error;
  return new DataFolderRefused(folder, reason, { cause: error });
}

/**
 * Chooses the folder for the data if DATA_DIR is not set: `.data` in the checkout. If this process
 * is root and the server's user cannot enter the checkout, it is a folder in /var/lib, one per
 * checkout.
 */
export async function defaultDataFolder(checkout = projectRoot): Promise<string> {
  if (process.getuid?.() !== 0 || (await isOpenToAll(checkout))) return join(checkout, '.data');
  const name = createHash('sha256').update(checkout).digest('hex').slice(0, 12);
  return join('/var/lib/scalable-coupon-system', name);
}

/**
 * Creates the folder for the data if needed.
 * @returns its path without symbolic links.
 * @throws DataFolderRefused if its path is too long, or an error of the file system.
 */
export async function openDataFolder(path: string): Promise<string> {
  await createFolder(path);
  const folder = await realpath(path);
  if (Buffer.byteLength(folder) > PATH_MAX_BYTES) throw new DataFolderRefused(folder, 'the path is too long');
  return folder;
}

/**
 * Creates a folder and the folders above it. Do not use the recursive `mkdir` of Node.js here: if a
 * file system reports ENOENT although the parent exists, as /proc does, it retries forever on a
 * thread of its own, and the process cannot end.
 */
async function createFolder(folder: string): Promise<void> {
  try {
    await createFolderInParent(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || folder === dirname(folder)) throw error;
    await createFolder(dirname(folder));
    await createFolderInParent(folder);
  }
}

async function createFolderInParent(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const stats = await stat(folder).catch(() => undefined);
    if (!stats?.isDirectory()) throw error;
  }
}

/**
 * Tells whether the data directory holds a database of ours.
 * @returns false if the directory is missing or empty.
 * @throws DataFolderRefused if another program or another major version of PostgreSQL wrote it.
 */
export async function holdsDatabase({ data, folder, programs }: Installation): Promise<boolean> {
  const entries = await readdir(data).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (entries.length === 0) return false;
  if (!entries.includes(PASSWORD_FILE) || !entries.includes('PG_VERSION')) {
    throw new DataFolderRefused(folder, `this service did not create the data in ${data}`);
  }
  const wanted = programs.version.split('.')[0];
  const found = (await readFile(join(data, 'PG_VERSION'), 'utf8')).trim();
  if (found === wanted) return true;
  throw new DataFolderRefused(
    folder,
    `PostgreSQL ${found} wrote the data, and PostgreSQL ${wanted} cannot read them`,
  );
}

/** Tells whether a program that reported this error needs more space on the disk. */
export async function isDiskFull(folder: string, report: string): Promise<boolean> {
  if (/No space left on device|Check free disk space/.test(report)) return true;
  return (await statfs(folder)).bavail === 0;
}
