import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../db/embedded-postgres.js';

/**
 * Runs tap with a PostgreSQL for all test files: that of TEST_DATABASE_URL, or an embedded one that is thrown
 * away afterwards. Arguments go to tap: `npm test -- test/claims.test.ts`.
 */
const arguments_ = process.argv.slice(2);

if (process.env['TEST_DATABASE_URL']) {
  process.exitCode = await runTap(process.env['TEST_DATABASE_URL']);
} else {
  const folder = await mkdtemp(join(tmpdir(), 'coupons-test-'));
  // The data are thrown away: no test needs them to survive a crash of the machine. Root hands them to another user.
  await chmod(folder, 0o755);
  const database = await startEmbeddedPostgres(folder, { fsync: 'off', max_connections: '300' });
  try {
    process.exitCode = await runTap(database.url);
  } finally {
    await database.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function runTap(url: string): Promise<number> {
  const tap = spawn('tap', ['run', ...arguments_], {
    stdio: 'inherit',
    env: { ...process.env, TEST_DATABASE_URL: url },
    shell: process.platform === 'win32',
  });
  // Ctrl-C reaches tap as well; this process lives on until the database is stopped.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => tap.kill(signal));
  return new Promise((resolve, reject) => {
    tap.once('error', reject);
    tap.once('exit', (code) => resolve(code ?? 1));
  });
}
