import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../db/embedded/free-port.js';
import { projectRoot } from '../../db/project-root.js';
import { type Server, startProgram } from './servers.js';

const DEPLOYED = join(projectRoot, 'deploy/balancer/haproxy.cfg');

/** Such as `HAProxy 3.2.22`. Null: it is not on the PATH. */
export async function findBalancer(): Promise<string | null> {
  const { stdout } = await promisify(execFile)('haproxy', ['-v']).catch(() => ({ stdout: '' }));
  const [, version] = /^HAProxy version ([\w.]+)/.exec(stdout) ?? [];
  return version ? `HAProxy ${version}` : null;
}

/**
 * Starts HAProxy in front of these servers. It is configured as in Compose, but for the addresses.
 * @param folder for its configuration and its log.
 * @throws Error with the end of its log, when it does not start.
 */
export async function startBalancer(
  servers: readonly Server[],
  folder: string,
  signal: AbortSignal,
): Promise<Server> {
  const port = await freePort();
  const file = join(folder, `haproxy-${port}.cfg`);
  await writeFile(file, withAddresses(await readFile(DEPLOYED, 'utf8'), port, servers));
  const started = await startProgram('haproxy', ['haproxy', '-db', '-f', file], port, folder, signal);
  return { ...started, books: servers[0]!.books };
}

/** @throws Error when the configuration is not as we know it. */
function withAddresses(deployed: string, port: number, servers: readonly Server[]): string {
  const lines = servers.map(({ url }, i) => `  server api-${i + 1} ${new URL(url).host}\n`);
  const changes: [RegExp, string][] = [
    [/bind :8080/, `bind 127.0.0.1:${port}`],
    [/( {2}server api-.*\n)+/, lines.join('')],
    // The names of containers, which are no more needed.
    [/ resolvers docker$/m, ''],
    [/^resolvers docker\n(.+\n)*/m, ''],
  ];
  return changes.reduce((text, [found, change]) => {
    if (!found.test(text)) throw new Error(`${DEPLOYED} has no ${found}`);
    return text.replace(found, change);
  }, deployed);
}
