import type { Sql } from 'postgres';
import t from 'tap';
import { skipIfDivided } from '../support/all-shards.js';
import { problemIn, startApp } from '../support/app.js';
import { inWords, readAll, readPage } from '../support/events.js';
import { until } from '../support/until.js';

t.test(
  'every change is an event with the attributes of CloudEvents, in the order of the changes',
  { skip: skipIfDivided },
  async (t) => {
    const app = await startApp(t);
    const starts_at = '2026-07-01T14:00:00+02:00';
    await app.request('POST', '/api/coupons', { body: { name: 'NOON', amount: 5, starts_at } });
    await app.createCoupon('SUMMER', 2);
    await app.claim('NOON', 'ada');
    await app.claim('SUMMER', 'ada');
    await app.claim('SUMMER', 'ada');
    // As other operations write them.
    const values = { amount: 7, starts_at: '2026-07-01T12:00:00+00:00', ends_at: null };
    const before = { amount: 5, starts_at: null, ends_at: '2026-07-01T13:00:00.5+00:00' };
    await app.sql`insert into events (type, coupon_names, data)
    values ('coupon.changed', array['NOON'], ${app.sql.json({ ...values, before })})`;
    await app.sql`insert into events (type, coupon_names) values ('coupon.deleted', array['NOON'])`;
    await app.sql`insert into events (type, coupon_names, user_ids, claim_numbers)
    values ('claim.released', array['SUMMER'], array['ada'], array[2])`;

    const { items, next_cursor } = await readPage(app);
    const cursor = /^1-[0-9a-f]+-\d+-\d+$/;
    const envelope = {
      specversion: '1.0',
      id: cursor,
      source: '/api/coupons',
      time: /Z$/,
      datacontenttype: 'application/json',
    };
    t.match(
      items,
      [
        ['coupon.created', 'NOON', { name: 'NOON', amount: 5, starts_at: '2026-07-01T12:00:00.000Z' }],
        ['coupon.created', 'SUMMER', { name: 'SUMMER', amount: 2 }],
        ['claim.made', 'NOON', { coupon_name: 'NOON', user_id: 'ada', claim_number: 1 }],
        ['claim.made', 'SUMMER', { coupon_name: 'SUMMER', user_id: 'ada', claim_number: 2 }],
        [
          'coupon.changed',
          'NOON',
          {
            name: 'NOON',
            amount: 7,
            starts_at: '2026-07-01T12:00:00.000Z',
            before: { amount: 5, ends_at: '2026-07-01T13:00:00.500Z' },
          },
        ],
        ['coupon.deleted', 'NOON', { name: 'NOON' }],
        ['claim.released', 'SUMMER', { coupon_name: 'SUMMER', user_id: 'ada', claim_number: 2 }],
      ].map(([type, subject, data]) => ({ ...envelope, type, subject, data })),
    );
    t.equal(items.length, 7);
    t.notOk('ends_at' in items[1]!.data, 'a bound that does not exist is absent');
    t.equal(next_cursor, items[6]?.id);
    t.same(await readPage(app, { after: next_cursor }), { items: [], next_cursor });
  },
);

t.test('an empty log has a cursor, and what comes later is behind it', async (t) => {
  const app = await startApp(t);
  const { items, next_cursor } = await readPage(app);
  t.same(items, []);
  await app.createCoupon('SUMMER', 2);
  t.same((await readPage(app, { after: next_cursor })).items.map(inWords), ['coupon.created SUMMER']);
});

t.test(
  'now: the log from its end on, without what was committed before the request',
  { skip: skipIfDivided },
  async (t) => {
    const app = await startApp(t);
    t.same((await readPage(app, { after: 'now' })).items, [], 'also an empty log');
    for (const [i, user] of ['ada', 'grace', 'joan'].entries()) {
      await app.createCoupon(`OLD-${i}`, 1);
      const { items, next_cursor } = await readPage(app, { after: 'now' });
      t.same(items, []);
      await app.claim(`OLD-${i}`, user);
      t.same((await readAll(app, next_cursor)).map(inWords), [`claim.made OLD-${i} ${user}`]);
    }
    await app.sql`with gone as (delete from events where id <= 6) update event_log set deleted_id = 6`;
    const { next_cursor } = await readPage(app, { after: 'now' });
    t.same(await readAll(app, next_cursor), [], 'also a log whose events were all deleted');
    const waiting = readPage(app, { after: 'now', wait: 30 });
    let created = 0;
    const page = await until('an event', async () => {
      await app.createCoupon(`NEW-${created++}`, 1);
      return Promise.race([waiting, undefined]);
    });
    t.match(page.items.map(inWords)[0], /^coupon.created NEW-/);
  },
);

t.test(
  'a page ends within the claims of one statement, at any limit, and the next one goes on',
  { skip: skipIfDivided },
  async (t) => {
    const app = await startApp(t);
    const sizes = [3, 1, 5, 2];
    let number = 0;
    for (const size of sizes) {
      const numbers = Array.from({ length: size }, () => ++number);
      await app.sql`
      insert into events (type, coupon_names, user_ids, claim_numbers)
      select 'claim.made', array_agg('A'::text), array_agg('user-' || number), array_agg(number)
      from unnest(${numbers}::bigint[]) as number`;
    }
    // A row that was rolled back leaves a gap.
    await app.sql`delete from events where cardinality(coupon_names) = 1`;
    const all = await readAll(app);
    t.same(
      all.map(({ data }) => 'claim_number' in data && data.claim_number),
      [1, 2, 3, 5, 6, 7, 8, 9, 10, 11],
    );
    t.equal(new Set(all.map(({ id }) => id)).size, all.length, 'every id is another');
    for (const limit of [1, 2, 3, 4, 7, 10, 1000]) t.same(await readAll(app, undefined, limit), all);
    for (const [i, { id }] of all.entries())
      t.same(await readAll(app, id), all.slice(i + 1), 'each id is a cursor');
  },
);

t.test('a page reads no more rows than it returns events of', { skip: skipIfDivided }, async (t) => {
  const app = await startApp(t);
  const read = async (sql: Sql) => {
    const [row] = await sql<{ blocks: number }[]>`
      select sum(heap_blks_hit + heap_blks_read + toast_blks_hit + toast_blks_read)::int as blocks
      from pg_statio_user_tables where relname = 'events'`;
    return row?.blocks ?? 0;
  };
  const connection = await app.sql.reserve();
  await connection`
    insert into events (type, coupon_names, user_ids, claim_numbers)
    select 'claim.made', array_agg('COUPON'::text), array_agg(repeat('x', 100)), array_agg(number)
    from generate_series(1, 500000) as number group by number / 1000`;
  await connection`select pg_stat_force_next_flush()`;
  const before = await read(connection);
  connection.release();
  let after: string | undefined;
  for (let i = 0; i < 20; i++) after = (await readPage(app, { after, limit: 10 })).next_cursor;
  // A session reports its statistics at its end at the latest.
  await app.sql`
    select pg_terminate_backend(pid, 60000) from pg_stat_activity
    where datname = current_database() and application_name = 'scalable-coupon-system'`;
  const blocks = (await read(app.sql)) - before;
  // A row has about 15 blocks, and 500 rows have 7,500.
  t.ok(blocks > 20 && blocks < 20 * 60, `${blocks} blocks of 8 KiB for 20 pages`);
});

t.test('wait: a request that finds nothing new answers as soon as there is something', async (t) => {
  const app = await startApp(t);
  const { next_cursor: after } = await readPage(app);
  const waiting = [1, 2, 3].map(() => readPage(app, { after, wait: 30 }));
  await app.createCoupon('SUMMER', 2);
  for (const page of await Promise.all(waiting)) t.same(page.items.map(inWords), ['coupon.created SUMMER']);
  const startedAt = performance.now();
  const { items, next_cursor } = await readPage(app, { after: (await waiting[0]!).next_cursor, wait: 1 });
  t.same(items, [], 'and is empty if nothing comes');
  t.equal(next_cursor, (await waiting[0]!).next_cursor);
  t.ok(performance.now() - startedAt >= 990, 'at the end of the wait');
});

t.test('wait: a request whose client has left does not stay', async (t) => {
  const app = await startApp(t, { settings: { EVENT_FOLLOWERS_MAX: '1' } });
  const leaving = new AbortController();
  const gone = fetch(`${app.url}/api/events?wait=30`, { signal: leaving.signal });
  await until('a refusal', async () => (await app.request('GET', '/api/events?wait=1')).status === 503);
  leaving.abort();
  await t.rejects(gone);
  await until('room', async () => (await app.request('GET', '/api/events?wait=1')).status === 200);
});

t.test('503 overloaded: more requests that wait than EVENT_FOLLOWERS_MAX are refused', async (t) => {
  const app = await startApp(t, { settings: { EVENT_FOLLOWERS_MAX: '2' } });
  const answers = await Promise.all([1, 2, 3].map(() => app.request('GET', '/api/events?wait=1')));
  t.same(answers.map(({ status }) => status).sort(), [200, 200, 503]);
  const refused = answers.find(({ status }) => status === 503)!;
  t.equal(problemIn(refused).code, 'overloaded');
  t.ok(refused.headers.has('retry-after'));
  t.equal((await app.request('GET', '/api/events')).status, 200, 'others are not');
});

t.test('400: parameters that break the contract are refused with a sentence', async (t) => {
  const app = await startApp(t);
  for (const [query, sentence] of [
    ['after=', 'after must be a cursor of the log, or now'],
    ['after=7', 'after must be a cursor of the log, or now'],
    [`after=1-abc-${'9'.repeat(16)}-0`, 'after must be a cursor of the log, or now'],
    ['limit=0', 'limit must be at least 1'],
    ['limit=1001', 'limit must be at most 1000'],
    ['wait=31', 'wait must be at most 30'],
    ['wait=0.5', 'wait must be an integer'],
  ] as const) {
    const answer = await app.request('GET', `/api/events?${query}`);
    t.equal(answer.status, 400, query);
    t.equal(problemIn(answer).error, `invalid request: ${sentence}`);
  }
  const answer = await app.request('GET', '/api/events', { headers: { 'Last-Event-ID': 'x' } });
  t.equal(problemIn(answer).error, 'invalid request: last-event-id must be a cursor of the log');
});

t.test(
  '410: a cursor of another log, from beyond its end, or before deleted events has expired',
  { skip: skipIfDivided },
  async (t) => {
    const app = await startApp(t);
    for (const name of ['A', 'B', 'C', 'D']) await app.createCoupon(name, 1);
    const { items } = await readPage(app);
    const [a, b, , d] = items.map(({ id }) => id) as [string, string, string, string];
    const refused = async (after: string) => {
      const answer = await app.request('GET', `/api/events?after=${after}`);
      return answer.status === 410 && problemIn(answer).code === 'cursor_expired';
    };
    t.ok(await refused(d.replace(/-4-0$/, '-5-0')), 'beyond the end');
    t.ok(await refused(d.replace('1-', '1-0')), 'another epoch');
    await app.sql`with gone as (delete from events where id <= 2) update event_log set deleted_id = 2`;
    t.ok(await refused(a), 'before deleted events');
    t.ok(await refused(b.replace(/-0$/, '-1')), 'within a deleted row');
    t.same((await readAll(app, b)).map(inWords), ['coupon.created C', 'coupon.created D']);
    t.same(
      (await readAll(app)).map(inWords),
      ['coupon.created C', 'coupon.created D'],
      'the beginning is there',
    );
    await app.sql`update event_log set epoch = default`;
    t.ok(await refused(d), 'the epoch was renewed');
    t.same((await readAll(app)).map(inWords), ['coupon.created C', 'coupon.created D']);
  },
);

t.test(
  '410: a log that was set back to an earlier moment does not serve the cursors of the later one',
  { skip: skipIfDivided },
  async (t) => {
    const app = await startApp(t);
    for (const name of ['A', 'B']) await app.createCoupon(name, 1);
    const { next_cursor } = await readPage(app);
    await app.sql`delete from events where id = 2`;
    t.equal((await app.request('GET', `/api/events?after=${next_cursor}`)).status, 410);
    t.same((await readAll(app)).map(inWords), ['coupon.created A']);
  },
);
