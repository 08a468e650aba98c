import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../db/embedded/free-port.js';
import { type Books, postgresBooks } from './books.js';
import type { Database } from './database.js';

/** The service (`engine`), or one of the peers that it is compared with. */
export type ServerKind = 'engine' | 'row-lock' | 'statement' | 'redis' | 'ceiling' | 'refusal';

export interface Server {
  url: string;
  /** Absent: somebody else started the server, perhaps on another machine. */
  pid?: number;
  /** To check claims in. Null: it decides claims without any. */
  books: Books | null;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 30_000;
const POLL_INTERVAL_MS = 50;

/**
 * Starts a server as a process of its own and waits until it is healthy. The server gets the
 * settings of this process: `CLAIM_LANES=8 npm run bench` measures 8 lanes.
 * @param folder for its log.
 * @param program the path of the server.
 * @throws Error with the end of its log, when it does not start.
 */
export async function startServer(
  kind: ServerKind,
  database: Database,
  folder: string,
  signal: AbortSignal,
  settings: Record<string, string> = {},
  program = join(import.meta.dirname, kind === 'engine' ? '../../src/server.js' : 'peer-server.js'),
): Promise<Server> {
  const port = await freePort();
  const env = { ...settings, PORT: String(port), HOST: '127.0.0.1', DATABASE_URL: database.url };
  const started = await startProgram(kind, [process.execPath, program, kind], port, folder, signal, env);
  const books = kind === 'ceiling' || kind === 'refusal' ? null : postgresBooks(database.sql, database.pid);
  return { ...started, books };
}

/**
 * Starts a program that serves `/health` on this port.
 * @param name of its log.
 * @param folder for its log.
 * @throws Error with the end of its log, when it does not start.
 */
export async function startProgram(
  name: string,
  [command, ...args]: [string, ...string[]],
  port: number,
  folder: string,
  signal: AbortSignal,
  env: Record<string, string> = {},
): Promise<Omit<Server, 'books'>> {
  signal.throwIfAborted();
  const logFile = join(folder, `${name}-${port}.log`);
  const log = await open(logFile, 'a');
  const child = spawn(command, args, {
    stdio: ['ignore', log.fd, log.fd],
    env: { ...process.env, ...env },
  });
  const exited = once(child, 'exit');
  await log.close();
  const stop = async () => {
    // The program itself bounds how long its stop takes.
    child.kill('SIGTERM');
    await exited;
  };

  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await fetch(`${url}/health`).catch(() => null))?.ok) {
    if (child.exitCode !== null || Date.now() > deadline || signal.aborted) {
      await stop();
      signal.throwIfAborted();
      const end = (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-5).join('\n');
      throw new Error(`the server (${name}) did not start. The end of its log:\n${end}`);
    }
    await sleep(POLL_INTERVAL_MS);
  }
  return { url, pid: child.pid!, stop };
}
