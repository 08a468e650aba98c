import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { projectRoot } from '../../db/project-root.js';
import { assertBooksBalance, readDifferences } from '../support/books.js';
import { users } from '../support/crowd.js';
import { createDatabase, UNDIVIDED } from '../support/database.js';
import { patience } from '../support/patience.js';
import { type ServiceProcess, startService } from '../support/process.js';
import { compileReleased, isReleasedMissing, releasedVersion } from '../support/released-server.js';

/**
 * The server of the last release on the tables of this version: both run during a deployment, and the old one
 * alone after a rollback.
 */

interface Caller {
  get(path: string): Promise<{ status: number; body: Record<string, unknown> }>;
  post(path: string, body: object): Promise<{ status: number; code?: unknown }>;
  claim(coupon: string, user: string): Promise<{ status: number; code?: unknown }>;
}

/** A client that does not know the contract of this version. */
async function callerOf(service: ServiceProcess): Promise<Caller> {
  const url = (await service.logged('listening on http')).msg.replace('listening on ', '');
  const post: Caller['post'] = async (path, body) => {
    const headers = { 'Content-Type': 'application/json' };
    const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await answer.text();
    return { status: answer.status, ...(text && { code: JSON.parse(text).code }) };
  };
  return {
    get: async (path) => {
      const answer = await fetch(url + path);
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    },
    post,
    claim: (coupon_name, user_id) => post('/api/coupons/claim', { coupon_name, user_id }),
  };
}

/** Appends what the old server did not log. Returns the last line of the command. */
async function logMissing(t: Test, url: string): Promise<string | undefined> {
  const audit = startService(
    t,
    { DATABASE_URL: url },
    { script: 'src/audit.js', operands: ['--log-missing'] },
  );
  t.equal(await audit.exited(), 1, 'there were differences');
  return audit.output.at(-1);
}

t.test(
  `the server of version ${releasedVersion} on the newest tables`,
  { skip: isReleasedMissing },
  async (t) => {
    const script = await compileReleased(t);

    t.test('creates, reads, claims and refuses, also alone, as after a rollback', async (t) => {
      const { url, sql } = await createDatabase(t, { shape: UNDIVIDED });
      const old = startService(t, { ...patience, DATABASE_URL: url }, { script });
      const caller = await callerOf(old);
      t.equal((await caller.post('/api/coupons', { name: 'SALE', amount: 1 })).status, 201);
      t.strictSame(await caller.post('/api/coupons', { name: 'SALE', amount: 1 }), {
        status: 409,
        code: 'coupon_exists',
      });
      t.equal((await caller.claim('SALE', 'ada')).status, 200);
      t.strictSame(await caller.claim('SALE', 'ada'), { status: 409, code: 'already_claimed' });
      t.strictSame(await caller.claim('SALE', 'bob'), { status: 400, code: 'out_of_stock' });
      t.strictSame(await caller.claim('NONE', 'bob'), { status: 404, code: 'coupon_not_found' });
      t.match(await caller.get('/api/coupons/SALE'), {
        status: 200,
        body: { amount: 1, remaining_amount: 0, claimed_by: ['ada'] },
      });
      t.equal((await caller.get('/health')).status, 200);
      t.notOk(
        old.log.some(({ level }) => level >= 40),
        'no warning',
      );
      const files = await readdir(join(projectRoot, 'db', 'migrations'));
      const [row] = await sql`select count(*)::int from schema_migrations`;
      t.strictSame(row, { count: files.length }, 'it leaves the tables as they are');
    });

    t.test('sells each unit once, beside a server of this version', async (t) => {
      const stock = 300;
      const { url, sql } = await createDatabase(t, { shape: UNDIVIDED });
      const old = await callerOf(startService(t, { ...patience, DATABASE_URL: url }, { script }));
      const current = await callerOf(startService(t, { ...patience, DATABASE_URL: url }));
      await current.post('/api/coupons', { name: 'NEW', amount: stock });
      await old.post('/api/coupons', { name: 'OLD', amount: stock });
      // Each user asks both servers for both coupons.
      const claims = users(2 * stock).flatMap((user) =>
        ['NEW', 'OLD'].flatMap((coupon) => [old, current].map((server) => ({ server, coupon, user }))),
      );
      const answered = await Promise.all(
        claims.map(async ({ server, coupon, user }) => ({
          couponName: coupon,
          userId: user,
          isOld: server === old,
          ...(await server.claim(coupon, user)),
        })),
      );
      for (const coupon of ['NEW', 'OLD']) {
        const won = answered.filter(({ couponName, status }) => couponName === coupon && status === 200);
        t.equal(won.length, stock);
        t.equal(new Set(won.map(({ userId }) => userId)).size, stock, 'one a person');
        t.ok(
          [true, false].every((isOld) => won.some((claim) => claim.isOld === isOld)),
          'both servers sold',
        );
      }
      t.ok(answered.every(({ status }) => [200, 400, 409].includes(status)));

      // What the old server changed is not in the log, until the audit appends it.
      const missing = answered.filter(({ isOld, status }) => isOld && status === 200).length + 1;
      t.equal((await readDifferences(sql)).length, missing);
      t.equal(await logMissing(t, url), `appended to the log: ${missing} events`);
      await assertBooksBalance(t, sql, answered);
    });

    t.test('does not know the start and the end of a sale: no window while it runs', async (t) => {
      const { url } = await createDatabase(t, { shape: UNDIVIDED });
      const old = await callerOf(startService(t, { ...patience, DATABASE_URL: url }, { script }));
      const current = await callerOf(startService(t, { ...patience, DATABASE_URL: url }));
      await current.post('/api/coupons', { name: 'LATER', amount: 5, starts_at: '2999-01-01T00:00:00Z' });
      t.strictSame(await current.claim('LATER', 'ada'), { status: 400, code: 'sale_not_started' });
      t.equal((await old.claim('LATER', 'ada')).status, 200, 'as docs/operations.md says');
    });
  },
);
