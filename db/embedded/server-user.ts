import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

/** The user that PostgreSQL runs as. */
export interface ServerUser {
  uid: number;
  gid: number;
}

/**
 * Finds the user to run PostgreSQL as, because PostgreSQL refuses to run as root. For root, this is
 * the owner of the existing data, or else `nobody`. We create no user of our own: trying out a
 * service should not change the accounts of the machine.
 * @returns undefined if this process is not root, and PostgreSQL can run as the same user.
 */
export async function findServerUser(dataDirectory: string): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(dataDirectory).catch(() => undefined);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  // The number of this user differs from system to system.
  const id = async (flag: string) => Number((await promisify(execFile)('id', [flag, 'nobody'])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}

/**
 * Tells whether every user can enter the folder and all folders above it. Missing folders count as
 * open.
 */
export async function isOpenToAll(folder: string): Promise<boolean> {
  const stats = await stat(folder).catch(() => undefined);
  if (stats && (stats.mode & 0o001) === 0) return false;
  return folder === dirname(folder) || isOpenToAll(dirname(folder));
}
