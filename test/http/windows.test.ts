import t from 'tap';
import { type Answer, problemIn, startApp, type TestApp } from '../support/app.js';
import { createDatabase } from '../support/database.js';

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();

function create(app: TestApp, coupon: object): Promise<Answer> {
  return app.request('POST', '/api/coupons', { body: { name: 'NOON', amount: 2, ...coupon } });
}

t.test(
  '400 sale_not_started: before the start a claim changes nothing, and learns when to retry',
  async (t) => {
    const app = await startApp(t);
    t.equal((await create(app, { starts_at: inSeconds(30) })).status, 201);
    t.match(await app.getCoupon('NOON'), { state: 'scheduled', remaining_amount: 2 });
    const answer = await app.claim('NOON', 'ada');
    t.equal(answer.status, 400);
    t.match(problemIn(answer), { code: 'sale_not_started', error: 'coupon sale has not started' });
    const seconds = Number(answer.headers.get('retry-after'));
    t.ok(seconds >= 1 && seconds <= 30, `Retry-After is ${seconds}`);
    t.match(await app.getCoupon('NOON'), { remaining_amount: 2, claimed_by: [] });
  },
);

t.test('a start that is far away asks for a retry within a minute', async (t) => {
  const app = await startApp(t);
  await create(app, { starts_at: '2999-01-01T00:00:00Z' });
  t.equal((await app.claim('NOON', 'ada')).headers.get('retry-after'), '60');
});

t.test('a coupon can be claimed once its start has passed', async (t) => {
  const app = await startApp(t);
  await create(app, { starts_at: inSeconds(-1), ends_at: inSeconds(600) });
  t.match(await app.getCoupon('NOON'), { state: 'open', starts_at: /Z$/, ends_at: /Z$/ });
  t.equal((await app.claim('NOON', 'ada')).status, 200);
});

t.test('400 sale_ended: holders still get 409, and a replayed key its 200', async (t) => {
  const app = await startApp(t);
  await create(app, {});
  t.equal((await app.claim('NOON', 'ada', { 'Idempotency-Key': 'k' })).status, 200);
  for (const [bound, code] of [
    ['ends_at', 'sale_ended'],
    ['starts_at', 'sale_not_started'],
  ] as const) {
    const past = bound === 'ends_at' ? -1 : 60;
    await app.sql`
      update coupons set starts_at = null, ends_at = null where name = 'NOON'`;
    await app.sql`update coupons set ${app.sql({ [bound]: new Date(Date.now() + past * 1000) })}`;
    t.match(problemIn(await app.claim('NOON', 'grace')), { code });
    t.equal((await app.claim('NOON', 'ada')).status, 409);
    const replay = await app.claim('NOON', 'ada', { 'Idempotency-Key': 'k' });
    t.equal(replay.status, 200);
    t.equal(replay.headers.get('idempotent-replayed'), 'true');
  }
});

t.test('a coupon is ended rather than sold out, and sold out rather than open', async (t) => {
  const app = await startApp(t);
  await create(app, { amount: 1 });
  await app.claim('NOON', 'ada');
  t.match(await app.getCoupon('NOON'), { state: 'sold_out' });
  t.match(problemIn(await app.claim('NOON', 'grace')), { code: 'out_of_stock' });
  await app.sql`update coupons set ends_at = now()`;
  t.match(await app.getCoupon('NOON'), { state: 'ended' });
  t.match(problemIn(await app.claim('NOON', 'grace')), { code: 'sale_ended' });
});

t.test('a time has an offset, and is read as that moment', async (t) => {
  const app = await startApp(t);
  await create(app, { starts_at: '2026-07-01T12:00:00.5+23:59', ends_at: '2026-07-01T12:00:00Z' });
  t.match(await app.getCoupon('NOON'), {
    starts_at: '2026-06-30T12:01:00.500Z',
    ends_at: '2026-07-01T12:00:00.000Z',
  });
});

for (const [fields, error] of Object.entries({
  '{"starts_at":"noon"}':
    'starts_at must be a date and time such as 2026-07-01T12:00:00Z, in the years 1000 to 2999',
  '{"starts_at":"0000-01-01T00:00:00Z"}':
    'starts_at must be a date and time such as 2026-07-01T12:00:00Z, in the years 1000 to 2999',
  '{"starts_at":"2016-12-31T23:59:60Z"}':
    'starts_at must be a date and time such as 2026-07-01T12:00:00Z, in the years 1000 to 2999',
  '{"ends_at":"2026-02-30T00:00:00Z"}': 'ends_at must be a date and time such as 2026-07-01T12:00:00Z',
  '{"ends_at":1}': 'ends_at must be a string',
  '{"ends_at":null}': 'ends_at must be a string',
  '{"starts_at":"2026-07-01T12:00:00Z","ends_at":"2026-07-01T12:00:00Z"}':
    'ends_at must be later than starts_at',
})) {
  t.test(`400 invalid_request: ${fields}`, async (t) => {
    const app = await startApp(t);
    const answer = await create(app, JSON.parse(fields));
    t.equal(answer.status, 400);
    t.equal(problemIn(answer).error, `invalid request: ${error}`);
    t.same(await app.sql`select from coupons union all select from events`, []);
  });
}

t.test('a time of long ago is read as it was written, whatever the zone of the database', async (t) => {
  const database = await createDatabase(t);
  await database.sql.unsafe(
    `alter database ${new URL(database.url).pathname.slice(1)} set timezone = 'Europe/Berlin'`,
  );
  const app = await startApp(t, { beside: { database } as TestApp });
  const starts_at = '1800-01-01T00:00:00.000Z';
  const created = await app.request('POST', '/api/coupons', { body: { name: 'OLD', amount: 5, starts_at } });
  t.equal(created.status, 201);
  t.match((await app.request('GET', '/api/coupons')).json(), { items: [{ name: 'OLD', starts_at }] });
  t.match((await app.request('GET', '/api/events')).json(), { items: [{ data: { starts_at } }] });
});
