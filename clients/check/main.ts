import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../../db/embedded/free-port.js';
import { makeTemporaryFolder } from '../../db/embedded/throw-away.js';
import { projectRoot } from '../../db/project-root.js';
import { MISSING_CODE, MISSING_CODE_OF_THE_FUTURE, startFuture } from './future.js';
import { type GeneratedClient, generatedClients } from './generated-clients.js';

/**
 * The command: generates clients in Go, Python and Java from openapi.yaml, compiles them, and runs a program
 * with each, against the service and against a later version of it. A language without its toolchain is
 * skipped, and named.
 *
 *     npm run clients:check -- go java             only these languages
 *     npm run clients:check -- --require go        fails without the toolchain of Go
 */

const START_TIMEOUT_MS = 60_000;
/** The first run downloads the generators. */
const COMMAND_TIMEOUT_MS = 600_000;
const PROGRAM_TIMEOUT_MS = 60_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

const { languages, required } = readArguments(process.argv.slice(2));
const data = await makeTemporaryFolder('coupons-clients-');
const url = `http://127.0.0.1:${await freePort()}`;
const service = spawn(process.execPath, [join(projectRoot, 'dist/src/server.js')], {
  env: {
    ...process.env,
    PORT: new URL(url).port,
    HOST: '127.0.0.1',
    DATA_DIR: join(data.folder, 'data'),
    LOG_LEVEL: 'warn',
  },
  stdio: ['ignore', 'inherit', 'inherit'],
});
let future: Server | undefined;
let isStopped = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (isStopped = true));
try {
  await listening(service);
  future = await startFuture(url);
  const results: boolean[] = [];
  for (const client of generatedClients) {
    if (isStopped) break;
    if (languages.includes(client.language))
      results.push(await check(client, future.address() as AddressInfo));
  }
  const failed = results.filter((isGood) => !isGood).length;
  console.log(`${results.length - failed} of ${results.length} clients in order`);
  process.exitCode = failed > 0 || isStopped ? 1 : 0;
} finally {
  future?.close();
  future?.closeAllConnections();
  if (service.exitCode === null) {
    service.kill('SIGTERM');
    await once(service, 'exit');
  }
  await data.remove();
}

function readArguments(given: string[]) {
  const all = ['go', 'python', 'java'];
  const at = given.indexOf('--require');
  const required = at === -1 ? [] : (given[at + 1] ?? '').split(',');
  const languages = at === -1 ? given : given.toSpliced(at, 2);
  const unknown = [...languages, ...required].find((name) => !all.includes(name));
  if (unknown !== undefined) {
    console.error(`usage: npm run clients:check -- [${all.join(' | ')} …] [--require ${all.join(',')}]`);
    process.exit(2);
  }
  return { languages: languages.length > 0 ? languages : all, required };
}

async function listening(service: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await fetch(`${url}/health`).catch(() => null))?.ok) {
    if (service.exitCode !== null || Date.now() > deadline) throw new Error('the service did not start');
    await sleep(100);
  }
}

/** @returns false if the client fails, or if a toolchain that must be here is not. */
async function check(client: GeneratedClient, { port }: AddressInfo): Promise<boolean> {
  const { name, language, probe, prepare, build, run } = client;
  if (!(await isInstalled(probe))) {
    const isRequired = required.includes(language);
    console.log(
      `${isRequired ? 'FAILED ' : 'skipped'}  ${language}, ${name}: there is no ${probe[0]} on the PATH`,
    );
    return !isRequired;
  }
  const folder = join(projectRoot, 'dist/clients', name.replaceAll(/\W+/g, '-'));
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  prepare(folder);
  await cp(join(projectRoot, 'openapi.yaml'), join(folder, 'openapi.yaml'));
  try {
    for (const command of build) await execute(client, folder, command, COMMAND_TIMEOUT_MS);
    console.log(`ok       ${language}, ${name}: is generated and compiles`);
    await execute(client, folder, run, PROGRAM_TIMEOUT_MS, {
      BASE_URL: url,
      COUPON: `${name}, today`,
      MISSING_CODE,
    });
    console.log(`ok       ${language}, ${name}: works with the service`);
    await execute(client, folder, run, PROGRAM_TIMEOUT_MS, {
      BASE_URL: `http://127.0.0.1:${port}`,
      COUPON: `${name}, future`,
      MISSING_CODE: MISSING_CODE_OF_THE_FUTURE,
    });
    console.log(`ok       ${language}, ${name}: works with a later version: new members, a new code`);
    return true;
  } catch (error) {
    console.log(`FAILED   ${language}, ${name}: ${error instanceof Error ? error.message : error}`);
    return false;
  }
}

async function isInstalled([program = '', ...words]: string[]): Promise<boolean> {
  return promisify(execFile)(program, words).then(
    () => true,
    () => false,
  );
}

/** @throws Error with what the command printed, if it fails or takes too long. */
async function execute(
  { settings }: GeneratedClient,
  folder: string,
  [program = '', ...words]: string[],
  timeoutMs: number,
  more: Record<string, string> = {},
): Promise<void> {
  const env = { ...process.env, ...settings, ...more };
  const options = { cwd: folder, env, timeout: timeoutMs, maxBuffer: OUTPUT_BYTES_MAX };
  await promisify(execFile)(join(program.includes('/') ? folder : '', program), words, options).catch(
    (error) => {
      throw new Error(`${[program, ...words].join(' ')}\n${error.stdout}${error.stderr}`);
    },
  );
}
