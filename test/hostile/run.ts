import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import postgres from 'postgres';
import { startThrowAwayPostgres } from '../../db/embedded/throw-away.js';
import { projectRoot } from '../../db/project-root.js';
import { settingNames } from '../../src/config.js';
import { patience } from '../support/patience.js';
import { attack } from './attack.js';
import { describeCounts, describeFailure } from './report.js';

const HELP = `Sends hostile requests to a service of its own, with a PostgreSQL of its own, until an answer is wrong.

  --requests N   how many (default 100000)
  --seed S       repeats a run (default: random)`;

const PROGRESS_INTERVAL_MS = 30_000;

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 30)) },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit();
}
const requests = Number(values.requests);
const seed = Number(values.seed);
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(requests)) {
  console.error('--seed and --requests are whole numbers');
  process.exit(2);
}

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.abort());

const database = await startThrowAwayPostgres('coupons-hostile-', { fsync: 'off' });
const service = startService(database.url);
const sql = postgres(database.url, { max: 4, onnotice: () => {} });
try {
  const url = await service.url;
  console.log(`${requests} requests, seed ${seed}`);
  const startedAt = performance.now();
  let nextProgressAt = startedAt + PROGRESS_INTERVAL_MS;
  const result = await attack(
    { url, sql },
    {
      requests,
      seed,
      connectionsMax: 12,
      requestsPerConnectionMax: 16,
      signal: interruption.signal,
      onProgress: (_, sent) => {
        if (performance.now() < nextProgressAt) return;
        nextProgressAt += PROGRESS_INTERVAL_MS;
        console.log(`${sent} requests`);
      },
    },
  );
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  console.log(`${result.requests} answers in ${seconds} s, from seed ${seed} on:`);
  console.log(describeCounts(result.counts));
  if (result.failure) console.log(`\n${describeFailure(result.failure, url)}`);
  if (service.warnings.length > 0) console.log(`\nthe log of the service:\n${service.warnings.join('\n')}`);
  process.exitCode = result.failure || service.warnings.length > 0 || interruption.signal.aborted ? 1 : 0;
} finally {
  await sql.end({ timeout: 1 });
  await service.stop();
  await database.stop();
}

function startService(databaseUrl: string) {
  const inherited = Object.entries(process.env).filter(([name]) => !settingNames.includes(name));
  const settings = { ...patience, DATABASE_URL: databaseUrl, PORT: '0', HOST: '127.0.0.1' };
  const child = spawn(process.execPath, ['--import', 'tsx', join(projectRoot, 'src', 'server.ts')], {
    env: { ...Object.fromEntries(inherited), ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const warnings: string[] = [];
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const { level, reqId, msg = '' } = line.startsWith('{') ? JSON.parse(line) : {};
      // Others may come from a database on a slow machine.
      if (level >= 40 && reqId !== undefined) warnings.push(line);
      if (msg.startsWith('listening on http')) resolve(msg.replace('listening on ', ''));
    });
    ended.then(() => reject(new Error('the service ended')));
  });
  return {
    url,
    warnings,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
