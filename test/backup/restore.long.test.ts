import { existsSync } from 'node:fs';
import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { freePort } from '../../db/embedded/free-port.js';
import { projectRoot } from '../../db/project-root.js';
import { makeFolder, type PostgresNode, ROLE } from '../faults/rig/postgres-node.js';
import { createNode, createTemplate } from '../faults/rig/template.js';
import type { Client } from '../support/app.js';
import { atExit } from '../support/at-exit.js';
import { readPage } from '../support/events.js';
import { temporaryFolder } from '../support/own-postgres.js';
import { patience } from '../support/patience.js';
import { startService } from '../support/process.js';
import { until } from '../support/until.js';
import { installedPrograms, isToolMissing, runAs } from './tools.js';

const SCRIPTS = join(projectRoot, 'deploy', 'backup');
const AUDIT = `${process.execPath} ${fileURLToPath(new URL('../../src/audit.js', import.meta.url))}`;
const CALLERS = 4;
const CLAIMS_BETWEEN = 50;

/** Claims of a sale that goes on until it is stopped, with the times at which they were sent and answered. */
interface Sale {
  claims: { user: string; sentAt: number; answeredAt: number }[];
  /** Waits until so many more claims were made. */
  more(count: number): Promise<void>;
  stop(): Promise<void>;
}

function startSale(client: Client): Sale {
  const claims: Sale['claims'] = [];
  let isOver = false;
  let number = 0;
  const callers = Array.from({ length: CALLERS }, async () => {
    while (!isOver) {
      const user = `user-${number++}`;
      const sentAt = performance.now();
      const { status } = await client.claim('SALE', user);
      if (status === 200) claims.push({ user, sentAt, answeredAt: performance.now() });
      else if (!isOver) throw new Error(`a claim got ${status}`);
    }
  });
  return {
    claims,
    more: async (count) => {
      const wanted = claims.length + count;
      await until('more claims', () => claims.length >= wanted);
    },
    stop: async () => {
      isOver = true;
      await Promise.all(callers);
    },
  };
}

/** A PostgreSQL that archives its log, with what the scripts need. */
async function startArchivingNode(t: Test) {
  const template = await createTemplate(t, installedPrograms(), false);
  const folder = await temporaryFolder(t);
  const { user } = template;
  const [bases, wal, restored] = ['base', 'wal', 'restored'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [bases, wal, restored]) await makeFolder(path, user);
  const node = await createNode(t, 'sale', template, folder);
  await appendFile(
    join(node.data, 'postgresql.conf'),
    `unix_socket_directories = ''
archive_mode = on
archive_command = 'sh "${SCRIPTS}/archive.sh" "%p" "${wal}/%f"'
`,
  );
  await node.start();
  const run = (program: string, ...parameters: string[]) =>
    runAs(user, program, parameters, { PGHOST: '127.0.0.1', PGPORT: String(node.port), PGUSER: 'postgres' });
  return { node, bases, wal, restored, user, run };
}

/** Waits until the archive has all that is in the log now. */
async function archiveAll(node: PostgresNode): Promise<void> {
  const [row] = await node.ask(
    (sql) => sql<{ file: string }[]>`select pg_walfile_name(pg_switch_wal()) as file`,
  );
  await until('the archive', () =>
    node.ask(async (sql) => {
      const [archiver] = await sql<{ is_done: boolean }[]>`
        select last_archived_wal >= ${row!.file} as is_done from pg_stat_archiver`;
      return archiver?.is_done;
    }),
  );
}

/** The users who hold the coupon, in any order. */
async function holders(client: Client): Promise<Set<string>> {
  return new Set((await client.getCoupon('SALE')).claimed_by);
}

async function assertBalance(t: Test, settings: Record<string, string>): Promise<void> {
  const audit = startService(t, settings, { script: 'src/audit.js' });
  t.equal(await audit.exited(), 0, audit.output.join('\n'));
}

t.test(
  'a running sale is restored to a moment: every claim answered before is there, and none sent after',
  { skip: isToolMissing },
  async (t) => {
    const { node, bases, wal, restored, user, run } = await startArchivingNode(t);
    const settings = { ...patience, DATABASE_SHARDS: '2' };
    const client = await startService(t, { ...settings, DATABASE_URL: node.url }).listening();
    await client.createCoupon('SALE', 1_000_000);
    const sale = startSale(client);
    await sale.more(CLAIMS_BETWEEN);
    const base = (await run('sh', join(SCRIPTS, 'backup.sh'), bases)).trim();
    t.ok(existsSync(join(base, 'backup_manifest')), 'the backup is made while claims run');
    await appendFile(join(base, 'postgresql.auto.conf'), "synchronous_standby_names = 'lost'\n");
    // The name of the backup has whole seconds.
    await until('the next second', () => Date.now() > nameToTime(base) + 1_000);
    await sale.more(CLAIMS_BETWEEN);
    const { next_cursor: earlyCursor } = await readPage(client, { after: 'now' });

    const askedAt = performance.now();
    const [moment] = await node.ask(
      (sql) => sql<{ time: string }[]>`
        select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as time`,
    );
    const toldAt = performance.now();
    await sale.more(CLAIMS_BETWEEN);
    const { next_cursor: lostCursor } = await readPage(client, { after: 'now' });
    await archiveAll(node);
    await sale.more(CLAIMS_BETWEEN);
    await sale.stop();
    await node.stop('SIGQUIT');

    const data = join(restored, 'data');
    const port = await freePort();
    const env = { PGUSER: ROLE, PGDATABASE: ROLE, AUDIT, RESTORE_TIMEOUT: '120', DATABASE_SHARDS: '2' };
    const restore = (...parameters: string[]) =>
      runAs(user, 'sh', [join(SCRIPTS, 'restore.sh'), bases, wal, ...parameters], env);
    const stop = () => runAs(user, 'pg_ctl', ['stop', '-D', data, '-m', 'immediate'], {}).catch(() => '');
    t.teardown(stop);
    const forget = atExit(() => void stop());
    t.teardown(forget);
    const output = await restore(data, String(port), moment!.time);
    t.match(
      output,
      /the books balance: 1 coupon, [\d,]+ claims, [\d,]+ events in 2 shards/,
      'the audit passes',
    );

    const restoredSettings = { ...settings, DATABASE_URL: `postgres://${ROLE}@127.0.0.1:${port}/${ROLE}` };
    const service = await startService(t, restoredSettings).listening();
    const kept = await holders(service);
    const before = sale.claims.filter(({ answeredAt }) => answeredAt < askedAt);
    const after = sale.claims.filter(({ sentAt }) => sentAt > toldAt);
    t.ok(before.length >= 2 * CLAIMS_BETWEEN && after.length >= 2 * CLAIMS_BETWEEN);
    t.strictSame(
      before.filter(({ user }) => !kept.has(user)),
      [],
      'no claim is lost that was answered before the moment',
    );
    t.strictSame(
      after.filter(({ user }) => kept.has(user)),
      [],
      'no claim is there that was sent after it',
    );

    for (const cursor of [earlyCursor, lostCursor]) {
      const answer = await service.request('GET', `/api/events?after=${cursor}`);
      t.equal(answer.status, 410, 'a cursor of the lost log expires');
    }
    t.equal((await service.claim('SALE', 'new')).status, 200, 'the sale goes on');
    t.equal((await service.claim('SALE', before[0]!.user)).status, 409, 'for others than the holders');
    t.equal((await service.getCoupon('SALE')).remaining_amount, 1_000_000 - kept.size - 1);
    await assertBalance(t, restoredSettings);

    await t.rejects(restore(data, '1'), { message: /is there already: name a new folder/ });
    await t.rejects(restore(`${data}-2`, '1', '2000-01-01T00:00:00Z'), {
      message: /has no backup that ended before 2000-01-01T00:00:00Z/,
    });
    await rm(join(base, 'pg_hba.conf'));
    await t.rejects(restore(`${data}-2`, '1'), { message: /has no pg_hba\.conf\. Debian keeps it in/ });
    await t.rejects(restore(`${data}-2`, '1', 'noon'), { message: /noon is no time such as/ });
  },
);

t.test(
  'a dump of a running sale is restored, and the sale goes on from there',
  { skip: isToolMissing },
  async (t) => {
    const { node, restored, run } = await startArchivingNode(t);
    const client = await startService(t, { ...patience, DATABASE_URL: node.url }).listening();
    await client.createCoupon('SALE', 1_000_000);
    const sale = startSale(client);
    await sale.more(CLAIMS_BETWEEN);
    const before = sale.claims.length;
    const file = join(restored, 'sale.dump');
    await run('pg_dump', '--format=custom', `--file=${file}`, ROLE);
    await sale.more(CLAIMS_BETWEEN);
    await sale.stop();
    const { next_cursor: cursor } = await readPage(client, { after: 'now' });

    await run('createdb', `--owner=${ROLE}`, 'again');
    await run('pg_restore', '--exit-on-error', '--dbname=again', file);
    await run('psql', `--file=${join(SCRIPTS, 'renew-epoch.sql')}`, 'again');
    const settings = { ...patience, DATABASE_URL: node.url.replace(/\/\w+$/, '/again') };
    await assertBalance(t, settings);
    const service = await startService(t, settings).listening();
    const kept = await holders(service);
    t.ok(
      sale.claims.slice(0, before).every(({ user }) => kept.has(user)),
      'no claim is lost',
    );
    t.equal((await service.request('GET', `/api/events?after=${cursor}`)).status, 410);
    t.equal((await service.claim('SALE', 'new')).status, 200);
  },
);

/** The end of a backup, in milliseconds: `…/20260701T120500Z`. */
function nameToTime(base: string): number {
  const [, year, month, day, hour, minute, second] =
    /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(base) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
