import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { Event } from '../../src/events/event.js';
import { type Client, problemIn, startApp, type TestApp } from '../support/app.js';
import { assertBooksBalance } from '../support/books.js';
import { claimAll, coupons, everyone, users } from '../support/crowd.js';
import { claimIn, inWords, readAll, readPage } from '../support/events.js';
import { lockAwaited, lockCoupon } from '../support/locks.js';

/** A transaction that has drawn an id of the log, and does not end by itself. */
async function openWriter(t: Test, { sql }: TestApp, name: string) {
  const connection = await sql.reserve();
  await connection`begin`;
  await connection`insert into coupons values (${name}, 1, 1)`;
  await connection`insert into events (type, coupon_names, data)
    values ('coupon.created', array[${name}], '{"amount":1}')`;
  let isOver = false;
  const end = async (how: 'commit' | 'rollback') => {
    if (!isOver) await connection.unsafe(how);
    if (!isOver) connection.release();
    isOver = true;
  };
  t.teardown(() => end('rollback'));
  return end;
}

const words = async (client: Client, after?: string) => (await readAll(client, after)).map(inWords);

t.test('what was committed before a request is in its answer', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 50);
  for (const [i, user] of users(20).entries()) {
    await app.claim('SUMMER', user);
    t.equal((await readAll(app)).length, i + 2);
  }
});

t.test('nothing behind an open transaction is delivered before it ends, by any process', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('A', 1);
  const end = await openWriter(t, app, 'B');
  await app.createCoupon('C', 1);
  const fresh = await startApp(t, { beside: app });
  t.same(await words(fresh), [], 'a process that knows nothing yet delivers nothing');
  await app.claim('A', 'ada');
  const { next_cursor } = await readPage(app);
  t.same(await words(app, next_cursor), []);
  const waiting = readPage(app, { after: next_cursor, wait: 30, limit: 1 });
  await end('commit');
  t.ok((await waiting).items.length === 1, 'a request that waits gets it at once');
  const all = ['coupon.created A', 'coupon.created B', 'coupon.created C', 'claim.made A ada'];
  t.same(await words(app), all);
  t.same(await words(fresh), all);
});

t.test('what was settled before the transaction began is delivered meanwhile', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('A', 1);
  t.same(await words(app), ['coupon.created A']);
  await openWriter(t, app, 'B');
  await app.createCoupon('C', 1);
  t.same(await words(app), ['coupon.created A']);
});

t.test('now: waits for transactions that are open, and begins behind them', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('A', 1);
  const end = await openWriter(t, app, 'B');
  await app.createCoupon('C', 1);
  const servers = [app, await startApp(t, { beside: app })];
  const waiting = servers.map((server) => readPage(server, { after: 'now', limit: 1 }));
  t.equal(await Promise.race([...waiting, sleep(300, 'nobody')]), 'nobody', 'is answered meanwhile');
  await end('commit');
  for (const [i, { items, next_cursor }] of (await Promise.all(waiting)).entries()) {
    t.same(items, []);
    t.same(await words(servers[i] as Client, next_cursor), [], 'not even what was committed meanwhile');
  }
});

t.test('503 overloaded: now, while a transaction stays open', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('A', 1);
  await openWriter(t, app, 'B');
  await app.createCoupon('C', 1);
  const fresh = await startApp(t, { beside: app });
  const answer = await fresh.request('GET', '/api/events?after=now');
  t.equal(problemIn(answer).code, 'overloaded', 'and not the beginning of the log');
});

t.test('a transaction that is rolled back leaves no event, and those behind it come', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('A', 1);
  const end = await openWriter(t, app, 'B');
  await app.createCoupon('C', 1);
  await end('rollback');
  const { next_cursor } = await readPage(app, { wait: 30, limit: 1 });
  t.same(await words(app, next_cursor), ['coupon.created C']);
  t.same(await words(app), ['coupon.created A', 'coupon.created C']);
  const undone = await openWriter(t, app, 'D');
  await undone('rollback');
  t.same(await words(app, (await readPage(app)).next_cursor), []);
});

t.test('an open transaction counts, even if its xid is higher than all that have ended', async (t) => {
  const app = await startApp(t);
  const early = await app.sql.reserve();
  await early`begin`;
  await early`insert into coupons values ('EARLY', 1, 1)`;
  // The xmax of a snapshot is one more than the highest xid that has ended: it may be below this one.
  const end = await openWriter(t, app, 'LATE');
  await early`insert into events (type, coupon_names, data)
    values ('coupon.created', array['EARLY'], '{"amount":1}')`;
  await early`commit`;
  early.release();
  t.same(await words(app), []);
  await end('commit');
  t.same(await words(app), ['coupon.created LATE', 'coupon.created EARLY']);
});

t.test('a transaction that writes elsewhere does not delay the log', async (t) => {
  const app = await startApp(t);
  await app.sql`create table other (number integer)`;
  const connection = await app.sql.reserve();
  await connection`begin`;
  await connection`insert into other values (1)`;
  await app.createCoupon('A', 1);
  t.same(await words(app), ['coupon.created A']);
  await connection`rollback`;
  connection.release();
});

t.test(
  'a claim that waits for a coupon comes before what is drawn after it, whatever xids they have',
  async (t) => {
    const app = await startApp(t);
    const other = await startApp(t, { beside: app });
    for (const name of ['A', 'B']) await app.createCoupon(name, 10);
    const release = await lockCoupon(t, app.sql, 'B');
    // They share a batch: it locks A, gets its xid, and waits for B.
    const slow = Promise.all([app.claim('A', 'ada'), app.claim('B', 'ada'), app.claim('A', 'eve')]);
    await lockAwaited(app.sql);
    await other.createCoupon('C', 1);
    await release();
    await slow;
    const events = await readAll(app);
    t.equal(events.length, 6);
    assertOrder(t, events);
  },
);

/** Each coupon is created first, and then claimed in the order of the claims. */
function assertOrder(t: Test, events: Event[]) {
  const last = new Map<string, number>();
  for (const { subject, data, id } of events) {
    const number = 'claim_number' in data ? data.claim_number : 0;
    if (number <= (last.get(subject) ?? -1)) t.fail(`${id} comes too late`);
    last.set(subject, number);
  }
}

t.test(
  'two servers claim overlapping sets of coupons: a consumer gets each claim exactly once, in the order of each coupon',
  async (t) => {
    const first = await startApp(t, { settings: { CLAIM_LANES: '1', CLAIM_BATCH_SIZE_MAX: '7' } });
    const second = await startApp(t, {
      beside: first,
      settings: { CLAIM_LANES: '3', CLAIM_BATCH_SIZE_MAX: '20', DATABASE_CONNECTIONS_MAX: '12' },
    });
    const names = coupons(12);
    const start = (await readPage(first)).next_cursor;
    for (const name of names) await first.createCoupon(name, 120);
    let isOver = false;
    /** Pages through the log while it grows, through either server. */
    const consume = async () => {
      const events: Event[] = [];
      let after = start;
      for (;;) {
        const wasOver = isOver;
        const limit = 1 + Math.floor(Math.random() * 9);
        const server = Math.random() < 0.5 ? first : second;
        const page = await readPage(server, { after, limit, wait: wasOver ? 0 : 1 });
        events.push(...page.items);
        after = page.next_cursor;
        if (wasOver && page.items.length === 0) return events;
      }
    };
    const consumers = [consume(), consume(), consume()];
    const answered = [];
    const waiting = everyone(names, users(160));
    while (waiting.length > 0) answered.push(...(await claimAll([first, second], waiting.splice(0, 120))));
    isOver = true;
    await assertBooksBalance(t, first.sql, answered);
    const claims = await first.sql<{ name: string; number: number }[]>`
      select coupon_name as name, claim_number::int as number from claims order by coupon_name, claim_number`;
    for (const events of await Promise.all(consumers)) {
      assertOrder(t, events);
      const seen = events.flatMap(({ data }) => {
        const claim = claimIn(data);
        return claim ? [{ name: claim.coupon_name, number: claim.claim_number }] : [];
      });
      seen.sort((a, b) => (a.name === b.name ? a.number - b.number : a.name < b.name ? -1 : 1));
      t.strictSame(seen, [...claims]);
      t.equal(new Set(events.map(({ id }) => id)).size, names.length + claims.length);
    }
  },
);
