import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports that systems choose by themselves, for connections and for port 0: Linux from 32,768 on,
 * others from 49,152 on. One of those could be taken before its use.
 */
const [FIRST, LAST] = [10_000, 32_767];
const given = new Set<number>();
const TRIES_MAX = 1_000;

/**
 * Finds a port of 127.0.0.1 that is free now, and another one each time. Another program may take it before
 * its use.
 * @throws Error when it finds none.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = randomInt(FIRST, LAST + 1);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error(`none of ${TRIES_MAX} ports between ${FIRST} and ${LAST} is free`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    // EACCES: a range that Windows keeps for others.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' || code === 'EACCES') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
