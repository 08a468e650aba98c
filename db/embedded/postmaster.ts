import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The main process of a PostgreSQL server. */
export interface Postmaster {
  pid: number;
  port: number;
}

/**
 * The server that runs on these data, as its lock file says; undefined if there is none.
 *
 * PostgreSQL itself clears away the lock file of a dead server, unless another program, or another PostgreSQL,
 * has got that process number since, after a restart of the machine or in a container. Such a file is removed here.
 */
export async function findPostmaster(data: string): Promise<Postmaster | undefined> {
  const lockFile = join(data, 'postmaster.pid');
  const [pid, , , port] = (await readFile(lockFile, 'utf8').catch(() => '')).split('\n').map(Number);
  if (!pid || !isAlive(pid)) return undefined;
  const command = await commandLineOf(pid);
  if (command !== undefined && !`${command} `.includes(` -D ${data} `)) {
    await rm(lockFile, { force: true });
    return undefined;
  }
  return port ? { pid, port } : undefined;
}

/** Is there a process of this number? */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** What a process was started with, separated by spaces; undefined when it cannot be told. */
export async function commandLineOf(pid: number, proc = '/proc'): Promise<string | undefined> {
  try {
    return (await readFile(join(proc, String(pid), 'cmdline'), 'utf8')).replaceAll('\0', ' ').trim();
  } catch {
    // Not Linux.
    const ps = promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)]);
    return ps.then(
      ({ stdout }) => stdout.trim(),
      () => undefined,
    );
  }
}
