import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { type AuditReport, audit } from '../db/books/audit.js';
import { appendMissing } from '../db/books/missing-events.js';
import { readConfig } from './config.js';
import { acquireDatabases } from './database/acquire.js';
import type { Database } from './database/database.js';
import { createLogger } from './logger.js';
import { connectShards } from './shards/connect.js';
import type { Shards } from './shards/shards.js';

/**
 * The command `npm run audit`: proves that coupons, claims and the log agree, or names each difference. The
 * exit code is 0 if they agree, 1 if they differ, and 2 if the audit failed or was stopped.
 */

const USAGE = `usage: npm run audit [-- --log-missing]

Compares the coupons, the claims and the log, in one snapshot, and names each difference. Shards are compared
one after the other, each in a snapshot of its own.
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
  const { urls, release } = await acquireDatabases(config, logger, stopping.signal);
  const shards = connectShards(urls, config, logger);
  try {
    return await run(shards, values['log-missing'] ?? false);
  } finally {
    await shards.close();
    await release();
  }
}

async function run(shards: Shards, isAppending: boolean): Promise<number> {
  await shards.verifyComplete();
  let appended = 0;
  const reports: AuditReport[] = [];
  for (const shard of shards.all.keys()) {
    reports.push(await auditShard(shards, shard, isAppending, (count) => (appended += count)));
  }
  const total = sumOf(reports);
  await print(linesOf(total, reports.length));
  if (isAppending) await print([`appended to the log: ${counted(appended, 'event')}`]);
  return total.differences === 0 ? 0 : 1;
}

async function auditShard(
  shards: Shards,
  shard: number,
  isAppending: boolean,
  onAppended: (count: number) => void,
): Promise<AuditReport> {
  stopping.signal.throwIfAborted();
  const database = shards.all[shard] as Database;
  const client = database.openClient({});
  let pid: number | undefined;
  const stop = async () => {
    if (pid) await database.read((sql) => sql`select pg_cancel_backend(${pid!})`).catch(() => {});
    await client.close(0);
  };
  stopping.signal.addEventListener('abort', stop);
  try {
    return await audit(client.sql, {
      schema: database.schema,
      isMisplaced: (name) => shards.numberOf(name) !== shard,
      isAlone: isAppending,
      onBegin: (id) => (pid = id),
      onDifferences: async (differences) => {
        await print(differences.map(({ sentence }) => sentence));
        if (isAppending) onAppended(await appendMissing((run) => database.write(run), differences, database));
      },
    });
  } finally {
    stopping.signal.removeEventListener('abort', stop);
    await client.close(1);
  }
}

/** All reports as one, at the time of the last. */
function sumOf(reports: readonly AuditReport[]): AuditReport {
  return reports.reduce((sum, report) => ({
    at: report.at,
    coupons: sum.coupons + report.coupons,
    claims: sum.claims + report.claims,
    events: sum.events + report.events,
    olderClaims: sum.olderClaims + report.olderClaims,
    differences: sum.differences + report.differences,
  }));
}

function linesOf(report: AuditReport, shards: number): string[] {
  const { at, coupons, claims, events, olderClaims, differences } = report;
  const verdict =
    differences === 0 ? 'the books balance' : `the books have ${counted(differences, 'difference')}`;
  const read = [counted(coupons, 'coupon'), counted(claims, 'claim'), counted(events, 'event')].join(', ');
  return [
    `${verdict}: ${read}${shards > 1 ? ` in ${shards} shards` : ''}, at ${at.toISOString()}`,
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
