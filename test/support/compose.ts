import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { freePort } from '../../db/embedded/free-port.js';
import { projectRoot } from '../../db/project-root.js';
import { type Client, createClient } from './app.js';
import { atExit } from './at-exit.js';
import { until } from './until.js';

/** The services of docker-compose.yml, under a name and on a port of their own. */
export interface Compose {
  url: string;
  /** Starts what does not run yet, and waits until the service can be reached. */
  up(...options: string[]): Promise<Client>;
  down(...options: string[]): Promise<void>;
  /** The id of the container of a service. */
  container(service: 'api' | 'database'): Promise<string>;
}

const SETTINGS = ['POSTGRES_USER', 'POSTGRES_PASSWORD', 'POSTGRES_DB', 'LOG_LEVEL', 'COMPOSE_FILE'];
const BUILD_TIMEOUT_MS = 900_000;

/** Runs a program, and returns what it wrote to both outputs. @throws Error with that, when it fails. */
export async function run(
  file: string,
  arguments_: string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const options = { env, cwd: projectRoot, maxBuffer: 2 ** 26, timeout: BUILD_TIMEOUT_MS };
  const { stdout, stderr } = await promisify(execFile)(file, arguments_, options);
  return stdout + stderr;
}

/** What Docker tells about a container or an image. */
export async function inspect<T>(id: string, template: string): Promise<T> {
  return JSON.parse(await run('docker', ['inspect', '--format', `{{json ${template}}}`, id]));
}

/** Everything that `up` makes is removed when the test is over. */
export async function createCompose(t: Test): Promise<Compose> {
  const hasPlugin = await run('docker', ['compose', 'version']).then(
    () => true,
    () => false,
  );
  const [file, ...prefix] = hasPlugin ? (['docker', 'compose'] as const) : (['docker-compose'] as const);
  const port = await freePort();
  const project = `coupons-test-${randomBytes(4).toString('hex')}`;
  const inherited = Object.entries(process.env).filter(([name]) => !SETTINGS.includes(name));
  // Not the settings in somebody's .env.
  const always = [...prefix, '--env-file', '.env.example', '--project-name', project];
  const env = { ...Object.fromEntries(inherited), PORT: String(port) };
  const compose = (...arguments_: string[]) => run(file, [...always, ...arguments_], env);
  const url = `http://localhost:${port}`;
  const end = ['down', '--volumes', '--rmi', 'local'];
  const forget = atExit(() => spawnSync(file, [...always, ...end], { env, cwd: projectRoot }));
  t.teardown(async () => {
    forget();
    await compose(...end);
  });
  return {
    url,
    async up(...options) {
      await compose('up', '--detach', ...options);
      await until('the service', () => isThere(url), 60_000);
      return createClient(t, url);
    },
    down: async (...options) => void (await compose('down', ...options)),
    container: async (service) => (await compose('ps', '--quiet', service)).trim(),
  };
}

/** Does a service answer there, whatever it answers? */
async function isThere(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  // Docker takes connections before the service does, and closes them.
  socket.setTimeout(2_000, () => socket.destroy());
  socket.on('error', () => {}).end('GET /health HTTP/1.0\r\n\r\n');
  return (await text(socket).catch(() => '')).startsWith('HTTP/1.1');
}
