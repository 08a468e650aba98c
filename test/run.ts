import { type ChildProcess, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTemporaryFolder, startThrowAwayPostgres } from '../db/embedded/throw-away.js';
import { compile, compiledPath } from './compile.js';
import { findBrowser } from './support/browser.js';
import { SEEN_ANSWERS_FILE, unseenAnswers } from './support/seen-answers.js';

/**
 * Compiles the program and the tests, and runs tap with a PostgreSQL for all test files: the one of
 * TEST_DATABASE_URL, or an embedded one that is removed afterwards. Other arguments than these go to
 * tap, such as `test/claims` or `--grep=/overloaded/`.
 *
 *     --unit      runs the tests that need no database, without one
 *     --long      runs the tests that take long, and only them: `*.long.test.ts`
 *     --browser   runs the tests of the console in a browser, and only them: `*.browser.ts`
 *     --citus     takes the coordinator of TEST_CITUS_URL, whose cluster has at least two workers
 *     --docker    takes PostgreSQL from a container, and runs the tests of the image, too
 *     --coverage  measures which lines the tests reach, writes a report to .tap/report/, and fails if
 *                 they miss too many (see .taprc). Long tests that reach none are left out
 */
const { unit, long, browser, citus, docker, coverage, tapArguments } = readArguments(process.argv.slice(2));
/** Long tests that reach no lines of their own. CI runs them by `npm run test:long`, beside the others. */
const UNCOVERING = [
  ...['**/planted-bugs', 'backup/restore', 'client/package', 'contract/generated', 'contract/lint'],
  ...['contract/release', 'db/released-server', 'deploy/drain', 'docs/tour', 'faults/failover'],
];
// Only all tests together can reach the lines.
const isPartial = tapArguments.length > 0;
const tapOptions = [
  ...(docker ? [`--exclude=${compiledPath('test/**/*.long.test.ts')}`] : []),
  ...(long || coverage ? [`--exclude=${compiledPath('test/docker/**')}`] : []),
  ...(coverage ? UNCOVERING.map((name) => `--exclude=${compiledPath(`test/${name}.long.test.ts`)}`) : []),
  ...(coverage
    ? ['--coverage-report=text', '--coverage-report=html', '--no-browser']
    : ['--disable-coverage']),
  ...(coverage && isPartial ? ['--allow-incomplete-coverage'] : []),
];

// No test needs its data to survive a crash of the machine.
const SERVER_SETTINGS = { fsync: 'off', max_connections: '500' };

interface Database {
  url: string;
  stop(): Promise<void>;
}

// Ctrl-C ends tap; this process lives on until the database is stopped.
let tap: ChildProcess | undefined;
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interrupted = true;
    tap?.kill(signal);
  });
}

if (browser && !findBrowser()) {
  // In CI a browser that is missing is a fault.
  const isFault = Boolean(process.env['CI']);
  const consequence = isFault ? 'set CHROMIUM_PATH' : 'its tests are skipped. CHROMIUM_PATH may name one';
  console.error(`there is no Chromium on this machine: ${consequence}`);
  process.exit(isFault ? 1 : 0);
}
await compile();
const database = await startDatabase();
const notes = await makeTemporaryFolder('coupons-test-notes-');
const seenAnswers = join(notes.folder, 'seen-answers');
await writeFile(seenAnswers, '');
try {
  process.exitCode = interrupted ? 1 : await runTap(database.url);
  if (!process.exitCode && !isPartial && !docker) process.exitCode = reportUnseen();
} finally {
  await database.stop();
  await notes.remove();
}

/** All tests together must see every answer of the contract. */
function reportUnseen(): number {
  const unseen = unseenAnswers(seenAnswers);
  if (unseen.length === 0) return 0;
  console.error(`no test has seen these answers of openapi.yaml:\n  ${unseen.join('\n  ')}`);
  return 1;
}

function readArguments(given: string[]) {
  const ours = ['--unit', '--long', '--browser', '--citus', '--docker', '--coverage'];
  const operands = given.filter((argument) => !ours.includes(argument)).map(testFilesOf);
  const [unit, long] = [given.includes('--unit'), given.includes('--long')];
  const browser = given.includes('--browser');
  const isFileNamed = operands.some((operand) => !operand.startsWith('-'));
  if (!isFileNamed) {
    if (unit) operands.push('test/**/*.unit.test.ts');
    if (long) operands.push('test/**/*.long.test.ts');
    if (browser) operands.push('test/browser/**/*.browser.ts');
  }
  return {
    unit,
    long,
    browser,
    citus: given.includes('--citus'),
    docker: given.includes('--docker'),
    coverage: given.includes('--coverage'),
    tapArguments: operands.map(compiledPath),
  };
}

/** tap itself takes every file of a folder for a test. */
function testFilesOf(argument: string): string {
  const isFolder = statSync(argument, { throwIfNoEntry: false })?.isDirectory();
  return isFolder ? `${argument}/**/*.test.ts` : argument;
}

async function startDatabase(): Promise<Database> {
  if (unit) return { url: '', stop: async () => {} };
  const url = process.env[citus ? 'TEST_CITUS_URL' : 'TEST_DATABASE_URL'];
  if (citus && !url)
    throw new Error('TEST_CITUS_URL is not set: it names the coordinator of a Citus cluster');
  if (url) return { url, stop: async () => {} };
  return docker ? startContainer() : startThrowAwayPostgres('coupons-test-', SERVER_SETTINGS);
}

async function startContainer(): Promise<Database> {
  const { GenericContainer, Wait } = await import('testcontainers');
  const settings = Object.entries(SERVER_SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const container = await new GenericContainer('postgres:18-bookworm')
    .withEnvironment({ POSTGRES_PASSWORD: 'throw-away' })
    .withCommand(['postgres', ...settings])
    .withExposedPorts(5432)
    // Over TCP: while it is set up, the server listens on a socket only.
    .withHealthCheck({
      test: ['CMD-SHELL', 'pg_isready --host 127.0.0.1 --username postgres'],
      interval: 500,
      timeout: 3_000,
      retries: 120,
    })
    .withWaitStrategy(Wait.forHealthCheck())
    .start();
  const address = `${container.getHost()}:${container.getMappedPort(5432)}`;
  return {
    url: `postgres://postgres:throw-away@${address}/postgres`,
    stop: async () => void (await container.stop()),
  };
}

function runTap(url: string): Promise<number> {
  const child = spawn('tap', ['run', ...tapOptions, ...tapArguments], {
    stdio: 'inherit',
    env: {
      ...process.env,
      TEST_DATABASE_URL: url,
      ...(citus && { TEST_DATABASE_CITUS: 'true' }),
      [SEEN_ANSWERS_FILE]: seenAnswers,
    },
    shell: process.platform === 'win32',
  });
  tap = child;
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
