import t, { type Test } from 'tap';
import { startApp } from '../support/app.js';
import { createDatabase } from '../support/database.js';
import { inWords, readAll } from '../support/events.js';
import { temporaryFolder } from '../support/own-postgres.js';
import { startService } from '../support/process.js';
import { until } from '../support/until.js';

const script = 'src/audit.js';

async function runAudit(t: Test, settings: Record<string, string>, ...operands: string[]) {
  const command = startService(t, settings, { script, operands });
  return { code: await command.exited(), lines: command.output };
}

t.test('exit code 0 and one line if the books balance, also behind a pooler', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  await app.claim('SUMMER', 'ada');
  for (const settings of [{}, { DATABASE_POOLER: 'true' }]) {
    const { code, lines } = await runAudit(t, { DATABASE_URL: app.database.url, ...settings });
    t.equal(code, 0);
    t.equal(lines.length, 1);
    t.match(lines[0], /^the books balance: 1 coupon, 1 claim, 2 events, at 20\d\d-\d\d-\d\dT.*Z$/);
  }
});

for (const settings of [{}, { DATABASE_POOLER: 'true' }]) {
  t.test(
    `exit code 1 names each difference; --log-missing appends to the log ${JSON.stringify(settings)}`,
    async (t) => {
      const app = await startApp(t);
      await app.sql`insert into coupons values ('HAND', 3000, 2000)`;
      await app.sql`insert into claims (user_id, coupon_name) select 'user-' || i, 'HAND' from generate_series(1, 1000) as i`;
      const all = { DATABASE_URL: app.database.url, ...settings };
      const found = await runAudit(t, all);
      t.equal(found.code, 1);
      t.equal(found.lines[0], 'HAND: the coupon is in the tables, and not in the log');
      t.equal(found.lines.filter((line) => / is in the tables, and not in the log$/.test(line)).length, 1001);
      t.match(found.lines.at(-1), /^the books have 1,001 differences: 1 coupon, 1,000 claims, 0 events, at /);
      t.strictSame(await readAll(app), [], 'an audit writes nothing by itself');

      const appended = await runAudit(t, all, '--log-missing');
      t.equal(appended.code, 1);
      t.equal(appended.lines.at(-1), 'appended to the log: 1,001 events');
      t.equal((await runAudit(t, all, '--log-missing')).code, 0);
      t.equal((await runAudit(t, all)).code, 0);
      const events = await readAll(app, undefined, 1000);
      t.strictSame(events.slice(0, 2).map(inWords), ['coupon.created HAND', 'claim.made HAND user-1']);
      t.equal(events.length, 1001);
    },
  );
}

t.test('the report has the number of claims that are older than the log', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  await app.claim('SUMMER', 'ada');
  await app.sql`with gone as (delete from events) update event_log set deleted_id = 2`;
  const { code, lines } = await runAudit(t, { DATABASE_URL: app.database.url });
  t.equal(code, 0);
  t.equal(lines[1], 'not compared with the log, because they are older: 1 claim');
});

t.test('exit code 2 if it cannot audit', async (t) => {
  const { url } = await createDatabase(t, { migrated: false });
  for (const [settings, operands, sentence] of [
    [
      { DATABASE_URL: url },
      [],
      /^the audit failed: the database has no coupons: a service sets it up at its start$/,
    ],
    [{ DATABASE_URL: 'postgres://127.0.0.1:1/none' }, [], /^the audit failed: .*ECONNREFUSED/],
    [{ PORT: 'x' }, [], /^the audit failed: invalid setting: PORT must be an integer$/],
    [{ DATABASE_URL: url }, ['--repair'], /^the audit failed: Unknown option '--repair'/],
    [{ DATABASE_URL: url }, ['all'], /^the audit failed: Unexpected argument 'all'/],
  ] as const) {
    const { code, lines } = await runAudit(t, settings, ...operands);
    t.equal(code, 2);
    t.match(lines[0], sentence);
  }
});

t.test('--help', async (t) => {
  const { code, lines } = await runAudit(t, {}, '--help');
  t.equal(code, 0);
  t.match(lines[0], /^usage: npm run audit/);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  t.test(`${signal} ends the audit and its statement in the database: exit code 2`, async (t) => {
    const { sql, url } = await createDatabase(t);
    const connection = await sql.reserve();
    await connection`begin`;
    await connection`lock table claims`;
    const audit = startService(t, { DATABASE_URL: url, LOCK_TIMEOUT_MS: '600000' }, { script });
    const waiting = async () => {
      const [row] = await sql<{ count: number }[]>`
        select count(*)::int as count from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
      return row!.count;
    };
    await until('the audit to wait', async () => (await waiting()) === 1);
    t.equal(await audit.stop(signal), 2);
    t.strictSame(audit.output, ['the audit was stopped']);
    await until('the end of its statement', async () => (await waiting()) === 0);
    await connection`rollback`;
    connection.release();
  });
}

t.test('the embedded PostgreSQL is audited while the service runs, and when it does not', async (t) => {
  const folder = await temporaryFolder(t);
  const settings = { DATA_DIR: folder };
  const service = startService(t, settings);
  const client = await service.listening();
  await client.createCoupon('SUMMER', 5);
  await client.claim('SUMMER', 'ada');
  t.match(await runAudit(t, settings), { code: 0, lines: [/^the books balance: 1 coupon, 1 claim/] });
  t.equal((await client.claim('SUMMER', 'grace')).status, 200);
  t.equal(await service.stop(), 0);
  t.match(await runAudit(t, settings), { code: 0, lines: [/^the books balance: 1 coupon, 2 claims/] });
});

t.test('a difference is one line, whatever the names hold', async (t) => {
  const { sql, url } = await createDatabase(t);
  await sql`insert into coupons values (${'A\nthe books balance\u2028\u001b[2J'}, 5, 5)`;
  const { code, lines } = await runAudit(t, { DATABASE_URL: url });
  t.equal(code, 1);
  t.equal(lines.length, 2);
  t.equal(
    lines[0],
    'A\\u000athe books balance\\u2028\\u001b[2J: the coupon is in the tables, and not in the log',
  );
});
