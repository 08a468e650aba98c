import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { type AuditReport, audit } from '../db/books/audit.js';
import { appendMissing } from '../db/books/missing-events.js';
import { connectDatabase } from './app.js';
import { readConfig } from './config.js';
import { acquireDatabase } from './database/acquire.js';
import type { Database } from './database/database.js';
import { createLogger } from './logger.js';

/**
 * The command `npm run audit`: proves that coupons, claims and the log agree, or names each difference. The
 * exit code is 0 if they agree, 1 if they differ, and 2 if the audit failed or was stopped.
 */

const USAGE = `usage: npm run audit [-- --log-missing]

Compares the coupons, the claims and the log, in one snapshot, and names each difference.
--log-missing also appends to the log what the tables have and the log lacks.

exit code: 0 if all agree, 1 if there are differences, 2 if the audit could not be finished`;

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
// Nobody reads on: `npm run audit | head`.
process.stdout.on('error', () => stopping.abort());
try {
  process.exitCode = await main();
} catch (error) {
  const { message, code } = error as NodeJS.ErrnoException;
  const isStopped = stopping.signal.aborted;
  process.stderr.write(isStopped ? 'the audit was stopped\n' : `the audit failed: ${message || code}\n`);
  process.exitCode = 2;
}
process.exit();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { 'log-missing': { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    await print([USAGE]);
    return 0;
  }
  const config = readConfig(process.env);
  const logger = createLogger('silent');
  const { url, release } = await acquireDatabase(config, logger, stopping.signal);
  const database = connectDatabase(url, config, logger);
  try {
    return await run(database, values['log-missing'] ?? false);
  } finally {
    await database.close();
    await release();
  }
}

async function run(database: Database, isAppending: boolean): Promise<number> {
  // Of several hosts, it finds the primary.
  await database.isHealthy();
  stopping.signal.throwIfAborted();
  const client = database.openClient({});
  let pid: number | undefined;
  stopping.signal.addEventListener('abort', async () => {
    if (pid) await database.read((sql) => sql`select pg_cancel_backend(${pid!})`).catch(() => {});
    await client.close(0);
  });
  let appended = 0;
  const report = await audit(client.sql, {
    isAlone: isAppending,
    onBegin: (id) => (pid = id),
    onDifferences: async (differences) => {
      await print(differences.map(({ sentence }) => sentence));
      if (isAppending) appended += await appendMissing((run) => database.write(run), differences);
    },
  });
  await print(linesOf(report));
  if (isAppending) await print([`appended to the log: ${counted(appended, 'event')}`]);
  return report.differences === 0 ? 0 : 1;
}

function linesOf({ at, coupons, claims, events, olderClaims, differences }: AuditReport): string[] {
  const verdict =
    differences === 0 ? 'the books balance' : `the books have ${counted(differences, 'difference')}`;
  const read = [counted(coupons, 'coupon'), counted(claims, 'claim'), counted(events, 'event')].join(', ');
  return [
    `${verdict}: ${read}, at ${at.toISOString()}`,
    ...(olderClaims > 0
      ? [`not compared with the log, because they are older: ${counted(olderClaims, 'claim')}`]
      : []),
  ];
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/**
 * Writes lines, and waits while the reader is slower. Names may hold line breaks and other control
 * characters.
 */
async function print(lines: string[]): Promise<void> {
  const visible = lines.map((line) => line.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, escapeOf));
  if (!process.stdout.write(`${visible.join('\n')}\n`)) await once(process.stdout, 'drain');
}

/** As in JSON: `\u000a`. */
function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
