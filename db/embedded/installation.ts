import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  findBinaries,
  isOpenToAll,
  type PostgresBinaries,
  reachableBinaries,
  type ServerUser,
  serverUser,
} from './binaries.js';
import { findPostmaster } from './postmaster.js';

/** A PostgreSQL that can be made and launched: binaries, and a place for the data. */
export interface Installation {
  binaries: PostgresBinaries;
  /** The data directory, without symbolic links. */
  data: string;
  log: string;
  user: ServerUser | undefined;
  /** Arguments for every start of the server. */
  settings: string[];
}

const PASSWORD_FILE = 'service-password';
const POLL_INTERVAL_MS = 50;
const RETRY_DELAY_MS = 500;
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // Until the first checkpoint has left segments of the log to be used again, each new one would be filled with zeros:
  // all claims wait for that, see decision 0007.
  wal_init_zero: 'off',
};

/** @throws Error when there is no server for this platform, or none that could enter the folder. */
export async function install(folder: string, settings: Record<string, string>): Promise<Installation> {
  const found = await findBinaries();
  await mkdir(folder, { recursive: true });
  const place = await realpath(folder);
  const data = join(place, 'postgres');
  const user = await serverUser(data);
  if (user && !(await isOpenToAll(place))) {
    throw new Error(
      `PostgreSQL does not run as root, and the user it would run as (${user.uid}) cannot enter ${place}: set DATA_DIR to a folder that every user can enter`,
    );
  }
  return {
    binaries: await reachableBinaries(found, place, user),
    data,
    log: join(place, 'postgres.log'),
    user,
    settings: Object.entries({ ...SETTINGS, ...settings }).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ]),
  };
}

/** Makes the data directory, whole or not at all, however many processes try at once. */
export async function initialize({ binaries, data, user }: Installation): Promise<void> {
  if (await readFile(join(data, 'PG_VERSION')).catch(() => undefined)) return;
  const incomplete = `${data}.${process.pid}`;
  const passwordFile = join(incomplete, '..', `password.${process.pid}`);
  await rm(incomplete, { recursive: true, force: true });
  await mkdir(incomplete, { mode: 0o700 });
  await writeFile(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600 });
  if (user) {
    await chown(incomplete, user.uid, user.gid);
    await chown(passwordFile, user.uid, user.gid);
  }
  await promisify(execFile)(
    binaries.initdb,
    [
      '-D',
      incomplete,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      '--pwfile',
      passwordFile,
      '-E',
      'UTF8',
      '--locale',
      'C',
    ],
    { ...user, cwd: incomplete },
  );
  await rename(passwordFile, join(incomplete, PASSWORD_FILE));
  // It fails when another process was faster, whose data are then there.
  await rename(incomplete, data).catch(() => rm(incomplete, { recursive: true }));
}

/**
 * Starts a server and returns once it has taken its lock file or has given up: because another process was
 * faster, because the port was taken meanwhile, or because a dead server's last processes are still going.
 */
export async function launch(
  { binaries, data, log, user, settings }: Installation,
  port: number,
): Promise<void> {
  const output = await open(log, 'a');
  // In a process group of its own: Ctrl-C in the terminal is for the service, which needs the server to the end.
  const child = spawn(binaries.postgres, ['-D', data, '-p', String(port), ...settings], {
    ...user,
    cwd: data,
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
  });
  let over = false;
  child.once('error', () => (over = true));
  child.once('exit', () => (over = true));
  child.unref();
  await output.close();
  while (!over && !(await findPostmaster(data))) await sleep(POLL_INTERVAL_MS);
  if (over) await sleep(RETRY_DELAY_MS);
}

/** It holds the password. */
export async function connectionUrl(data: string, port: number, database: string): Promise<string> {
  const password = (await readFile(join(data, PASSWORD_FILE), 'utf8')).trim();
  return `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
}
