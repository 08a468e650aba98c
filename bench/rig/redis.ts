import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createClient } from '@redis/client';
import { freePort } from '../../db/embedded/free-port.js';
import { type Books, redisBooks } from './books.js';

/** A throw-away Redis whose answers wait for the disk, as those of PostgreSQL do. */
export interface OwnRedis {
  url: string;
  books: Books;
  stop(): Promise<void>;
}

export interface RedisProgram {
  path: string;
  /** Such as `Redis 7.4.1`. */
  version: string;
}

const PROGRAMS = ['redis-server', 'valkey-server'];

/** The program of REDIS_SERVER, or the one on the PATH. Null: there is none. */
export async function findRedis(): Promise<RedisProgram | null> {
  const named = process.env['REDIS_SERVER'];
  for (const path of named ? [named] : PROGRAMS) {
    // `Redis server v=7.4.1 sha=…`
    const found = await promisify(execFile)(path, ['--version']).catch(() => ({ stdout: '' }));
    const [, name, version] = /^(\S+) server v=(\S+)/.exec(found.stdout) ?? [];
    if (name) return { path, version: `${name} ${version}` };
  }
  return null;
}

/**
 * Starts Redis.
 * @param folder gets a folder with its log and its data.
 * @throws Error when it does not start.
 */
export async function startRedis(program: string, folder: string): Promise<OwnRedis> {
  const data = join(folder, 'redis');
  await mkdir(data);
  const port = await freePort();
  const log = await open(join(data, 'log'), 'a');
  const settings = {
    bind: '127.0.0.1',
    port: String(port),
    dir: data,
    // Each write is on the disk before it is answered. Writes that are read together share one fsync.
    appendonly: 'yes',
    appendfsync: 'always',
    // The append-only file is the log. A snapshot beside it would cost time and keep nothing more.
    save: '',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn(program, args, { stdio: ['ignore', log.fd, log.fd] });
  const exited = once(child, 'exit');
  await log.close();
  const url = `redis://127.0.0.1:${port}`;
  const client = createClient({ url, socket: { reconnectStrategy: (tries) => tries < 100 && 50 } });
  // Without a listener, an error ends the process. Whoever waits for an answer gets it, too.
  client.on('error', () => {});
  const stop = async () => {
    client.destroy();
    child.kill('SIGTERM');
    await exited;
  };
  try {
    await client.connect();
    return { url, books: redisBooks(client, child.pid!), stop };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}
