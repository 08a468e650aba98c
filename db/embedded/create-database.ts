import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createFolderAtomically } from './atomic-folder.js';
import { DataFolderRefused, isDiskFull, PASSWORD_FILE } from './data-folder.js';
import type { Installation } from './installation.js';

/**
 * Creates the data directory, completely or not at all, even if several processes try at once.
 * @throws DataFolderRefused if the disk is full.
 * @throws Error with what `initdb` reported, or the reason of `signal`.
 */
export async function createDatabase(installation: Installation, signal: AbortSignal): Promise<void> {
  const { data, user } = installation;
  await createFolderAtomically(data, user, async (workFolder) => {
    const created = join(workFolder, 'data');
    const passwordFile = join(workFolder, 'password');
    await writeFile(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600 });
    if (user) await chown(passwordFile, user.uid, user.gid);
    await runInitdb(installation, created, passwordFile, signal);
    await rename(passwordFile, join(created, PASSWORD_FILE));
    return created;
  });
}

async function runInitdb(
  { programs, folder, user }: Installation,
  data: string,
  passwordFile: string,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const names = ['--username=postgres', '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C'];
  const child = spawn(programs.initdb, [`--pgdata=${data}`, `--pwfile=${passwordFile}`, ...names], {
    ...user,
    cwd: folder,
    // A process group of its own: Ctrl-C in the terminal does not reach it, and we can kill it as a
    // whole.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const kill = () => child.pid && child.exitCode === null && process.kill(-child.pid, 'SIGKILL');
  signal.addEventListener('abort', kill);
  try {
    // The event `close` comes when all processes of the group have ended.
    const [report] = await Promise.all([text(child.stderr), once(child, 'close')]);
    signal.throwIfAborted();
    if (child.exitCode === 0) return;
    if (await isDiskFull(folder, report)) throw new DataFolderRefused(folder, 'the disk is full');
    const reason = /(?<=(error|FATAL|PANIC): +)\S.*/.exec(report)?.[0] ?? report.trimEnd();
    throw new Error(`PostgreSQL could not create the database in ${folder}: ${reason}`);
  } finally {
    signal.removeEventListener('abort', kill);
  }
}
