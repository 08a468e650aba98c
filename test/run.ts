import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startThrowAwayPostgres } from '../db/embedded/throw-away.js';
import { projectRoot } from '../db/project-root.js';

/**
 * Runs tap with a PostgreSQL for all test files: that of TEST_DATABASE_URL, or an embedded one that is thrown
 * away afterwards, or, with --docker, one in a container, and then the tests of the image as well. Other
 * arguments go to tap: `npm test -- test/claims.test.ts`.
 */
const inDocker = process.argv[2] === '--docker';
const tapArguments = process.argv.slice(inDocker ? 3 : 2);

// No test needs its data to survive a crash of the machine.
const SERVER_SETTINGS = { fsync: 'off', max_connections: '300' };

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

const database = await startDatabase();
try {
  const options = inDocker ? ['--exclude=none'] : [];
  process.exitCode = interrupted ? 1 : await runTap(['run', ...options, ...tapArguments], database.url);
  // Of some test files, the lines that they reach mean nothing.
  if (process.exitCode === 0 && tapArguments.length === 0)
    process.exitCode = await checkCoverage(database.url);
} finally {
  await database.stop();
}

async function startDatabase(): Promise<Database> {
  const url = process.env['TEST_DATABASE_URL'];
  if (url) return { url, stop: async () => {} };
  return inDocker ? startContainer() : startThrowAwayPostgres('coupons-test-', SERVER_SETTINGS);
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

/** Every line that can run has to be reached by a test; not every branch, of which there are many in `?.` and `??`. */
async function checkCoverage(url: string): Promise<number> {
  const code = await runTap(['report', '--coverage-report=json-summary'], url, 'ignore');
  if (code !== 0) return code;
  const summary = await readFile(join(projectRoot, '.tap', 'report', 'coverage-summary.json'), 'utf8');
  const files: Record<string, { lines: { pct: number } }> = JSON.parse(summary);
  const uncovered = Object.entries(files).filter(([, { lines }]) => lines.pct < 100);
  for (const [file, { lines }] of uncovered)
    console.error(`${file}: tests reach ${lines.pct} % of its lines`);
  return uncovered.length > 0 ? 1 : 0;
}

// The tests of the image are left out by .taprc, whose `exclude` is replaced when an argument gives another.
function runTap(
  arguments_: string[],
  url: string,
  output: 'inherit' | 'ignore' = 'inherit',
): Promise<number> {
  const child = spawn('tap', arguments_, {
    stdio: ['inherit', output, 'inherit'],
    env: { ...process.env, TEST_DATABASE_URL: url },
    shell: process.platform === 'win32',
  });
  tap = child;
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
