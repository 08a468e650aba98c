import { execFile, spawn } from 'node:child_process';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Installation } from './installation.js';
import { rotateLog } from './server-log.js';

/** The main process of a PostgreSQL server. */
export interface Postmaster {
  pid: number;
  port: number;
}

const POLL_INTERVAL_MS = 50;
const RETRY_DELAY_MS = 500;
const STOP_TIMEOUT_MS = 20_000;

/**
 * Launches a server. Returns when the lock file of a server is there, or when the launched server
 * has given up: another process was faster, the port was taken meanwhile, the last processes of a
 * dead server are still ending, or the server cannot start at all.
 * @returns the process ID of the launched server.
 */
export async function launchPostmaster(
  { programs, data, log, user, settings }: Installation,
  port: number,
): Promise<number | undefined> {
  const output = await open(log, 'a');
  await rotateLog(log);
  const child = spawn(programs.postgres, ['-D', data, '-p', String(port), ...settings], {
    ...user,
    cwd: data,
    // A process group of its own: Ctrl-C in the terminal must not end the server before the service
    // has finished the requests in flight.
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
  });
  let hasEnded = false;
  child.once('error', () => (hasEnded = true));
  child.once('exit', () => (hasEnded = true));
  child.unref();
  await output.close();
  while (!hasEnded && !(await findPostmaster(data))) await sleep(POLL_INTERVAL_MS);
  if (hasEnded) await sleep(RETRY_DELAY_MS);
  return child.pid;
}

/**
 * Finds the server that runs on this data directory, by its lock file.
 *
 * PostgreSQL itself removes the lock file of a dead server, unless another program, or another
 * PostgreSQL, has the same process ID now. This happens after a restart of the machine and in
 * containers. We remove such a file here.
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

/** Stops a server, which ends its sessions, and waits for its end. Kills it after 20 seconds. */
export async function stopPostmaster(pid: number): Promise<void> {
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  let isRunning = send(pid, 'SIGINT');
  while (isRunning) {
    await sleep(POLL_INTERVAL_MS);
    isRunning = send(pid, Date.now() > deadline ? 'SIGQUIT' : 0);
  }
}

/** Tells whether there is a process with this ID. */
export function isAlive(pid: number): boolean {
  return send(pid, 0);
}

/** @returns whether the process exists. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Reads the command line of a process, with spaces between the arguments. Undefined if unknown. */
export async function commandLineOf(pid: number, proc = '/proc'): Promise<string | undefined> {
  try {
    return (await readFile(join(proc, String(pid), 'cmdline'), 'utf8')).replaceAll('\0', ' ').trim();
  } catch {
    // This system has no /proc.
    const ps = promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)]);
    return ps.then(
      ({ stdout }) => stdout.trim(),
      () => undefined,
    );
  }
}
