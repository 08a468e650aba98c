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

/** The services of docker-compose.yml, under a project name and on ports of their own. */
export interface Compose {
  url: string;
  /** Where the database is published on this machine. */
  postgresPort: number;
  /** The environment in which Compose finds this project and its settings. */
  env: NodeJS.ProcessEnv;
  /** Starts what does not run yet, and waits until the service can be reached. */
  up(...options: string[]): Promise<Client>;
  /** Runs any other command of Compose, and returns its output. */
  run(...arguments_: string[]): Promise<string>;
  /** The id of the container of a service. */
  container(service: string): Promise<string>;
}

const SETTINGS = [
  ...['POSTGRES_USER', 'POSTGRES_PASSWORD', 'POSTGRES_DB', 'LOG_LEVEL'],
  ...['COMPOSE_FILE', 'COMPOSE_PROFILES'],
];
const BUILD_TIMEOUT_MS = 900_000;

/** Runs a program in the project's root. @returns both outputs. @throws Error with both if it fails. */
export async function run(
  file: string,
  arguments_: string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const options = { env, cwd: projectRoot, maxBuffer: 2 ** 26, timeout: BUILD_TIMEOUT_MS };
  const { stdout, stderr } = await promisify(execFile)(file, arguments_, options);
  return stdout + stderr;
}

/** Whether an image is on this machine, or can be had. */
async function hasImage(image: string): Promise<boolean> {
  const succeeds = (...arguments_: string[]) =>
    run('docker', arguments_).then(
      () => true,
      () => false,
    );
  return (await succeeds('image', 'inspect', image)) || (await succeeds('pull', '--quiet', image));
}

/** Why the tests of an image are skipped. In CI, an image that cannot be had is a fault. */
export async function reasonToSkip(image: string): Promise<string | false> {
  return process.env['CI'] || (await hasImage(image)) ? false : `the image ${image} cannot be had`;
}

/** What `docker inspect` reports about a container or an image. */
export async function inspect<T>(id: string, template: string): Promise<T> {
  return JSON.parse(await run('docker', ['inspect', '--format', `{{json ${template}}}`, id]));
}

/**
 * Prepares a project of its own; its containers, volumes and images are removed when the test ends.
 * @param envFile read in place of `.env`, which may hold the settings of whoever runs the tests.
 * @param settings set in the environment, where they win over the file.
 */
export async function createCompose(
  t: Test,
  { envFile = '.env.example', settings = {} }: { envFile?: string; settings?: Record<string, string> } = {},
): Promise<Compose> {
  const hasPlugin = await run('docker', ['compose', 'version']).then(
    () => true,
    () => false,
  );
  const [file, ...prefix] = hasPlugin ? (['docker', 'compose'] as const) : (['docker-compose'] as const);
  const [port, postgresPort] = [await freePort(), await freePort()];
  const inherited = Object.entries(process.env).filter(([name]) => !SETTINGS.includes(name));
  const env = {
    ...Object.fromEntries(inherited),
    COMPOSE_PROJECT_NAME: `coupons-test-${randomBytes(4).toString('hex')}`,
    PORT: String(port),
    POSTGRES_PORT: String(postgresPort),
    ...settings,
  };
  const compose = (...arguments_: string[]) =>
    run(file, [...prefix, '--env-file', envFile, ...arguments_], env);
  const url = `http://localhost:${port}`;
  // The end needs no settings, and `envFile` may be gone by then.
  const end = [...prefix, '--env-file', '.env.example', 'down', '--volumes', '--rmi', 'local'];
  const forget = atExit(() => spawnSync(file, end, { env, cwd: projectRoot }));
  t.teardown(async () => {
    forget();
    await run(file, end, env);
  });
  return {
    url,
    postgresPort,
    env,
    async up(...options) {
      await compose('up', '--detach', ...options);
      await until('the service', () => isThere(url), 60_000);
      return createClient(t, url);
    },
    run: compose,
    container: async (service) => (await compose('ps', '--quiet', service)).trim(),
  };
}

/** Whether a service answers there, whatever the answer is. */
export async function isThere(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  // Docker accepts connections before the service listens, and closes them.
  socket.setTimeout(2_000, () => socket.destroy());
  socket.on('error', () => {}).end('GET /health HTTP/1.0\r\n\r\n');
  return (await text(socket).catch(() => '')).startsWith('HTTP/1.1');
}
