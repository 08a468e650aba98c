import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { sendAndLeave } from '../support/abandoned.js';
import { type Client, problemIn, requestWarnings, startApp } from '../support/app.js';
import { assertBooksBalance } from '../support/books.js';
import { users } from '../support/crowd.js';
import { UNDIVIDED } from '../support/database.js';
import { lockAwaited, lockCoupon } from '../support/locks.js';
import { longestName } from '../support/names.js';
import { startProxy } from '../support/proxy.js';
import { openRawConnection } from '../support/raw-connection.js';
import { claimBytes } from '../support/raw-requests.js';
import { until } from '../support/until.js';

interface Outcome {
  code: string;
  error?: string;
  retry_after_seconds?: number;
  idempotency_key?: string;
}
type Claim = [couponName: string, userId: string, key?: string];

const send = (app: Client, claims: Claim[], headers: Record<string, string> = {}) =>
  app.request('POST', '/api/claims', {
    headers,
    body: {
      claims: claims.map(([coupon_name, user_id, idempotency_key]) => ({
        coupon_name,
        user_id,
        ...(idempotency_key && { idempotency_key }),
      })),
    },
  });

/** @throws if the answer is not 200. */
async function claimMany(app: Client, claims: Claim[]): Promise<Outcome[]> {
  const answer = await send(app, claims);
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return answer.json<{ outcomes: Outcome[] }>().outcomes;
}
const codesOf = (outcomes: Outcome[]) => outcomes.map(({ code }) => code);
const forCoupon = (coupon: string, people: string[]) => people.map((user): Claim => [coupon, user]);

t.test('200: each claim has the outcome that it would have alone, in the order of the claims', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('A', 10);
  await app.createCoupon('ONE', 1);
  const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
  const anHourAgo = new Date(Date.now() - 3_600_000).toISOString();
  await app.request('POST', '/api/coupons', { body: { name: 'LATER', amount: 1, starts_at: inAnHour } });
  await app.request('POST', '/api/coupons', { body: { name: 'OVER', amount: 1, ends_at: anHourAgo } });
  await app.claim('A', 'zoe', { 'Idempotency-Key': 'old' });
  await app.request('DELETE', '/api/coupons/A/claims/zoe');
  await app.claim('A', 'mia', { 'Idempotency-Key': 'mine' });
  const outcomes = await claimMany(app, [
    ['ONE', 'ada'],
    ['nowhere', 'ada'],
    ['ONE', 'ben'],
    ['A', 'ada'],
    ['A', 'ada'],
    ['LATER', 'ada'],
    ['OVER', 'ada'],
    ['A', 'zoe', 'old'],
    ['A', 'mia', 'mine'],
    ['A', 'cy', 'k'],
    ['A', 'cy', 'k'],
    ['A', 'cy', 'other'],
  ]);
  t.same(outcomes, [
    { code: 'claimed' },
    { code: 'coupon_not_found', error: 'coupon not found' },
    { code: 'out_of_stock', error: 'coupon out of stock' },
    { code: 'claimed' },
    { code: 'already_claimed', error: 'coupon already claimed by user' },
    { code: 'sale_not_started', error: 'coupon sale has not started', retry_after_seconds: 60 },
    { code: 'sale_ended', error: 'coupon sale has ended' },
    { code: 'claim_released', error: 'coupon claim was released' },
    { code: 'replayed' },
    { code: 'claimed' },
    { code: 'replayed' },
    { code: 'already_claimed', error: 'coupon already claimed by user' },
  ]);
  t.same((await app.getCoupon('A')).claimed_by, ['mia', 'ada', 'cy']);
  t.same(requestWarnings(app), []);
  await assertBooksBalance(t, app.sql);
});

t.test(
  'a request that is sent again with its keys is replayed, also on another server and as single claims',
  async (t) => {
    const app = await startApp(t);
    await app.createCoupon('A', 500);
    const claims = users(500).map((user): Claim => ['A', user, `key of ${user}`.replaceAll(' ', '-')]);
    t.same(new Set(codesOf(await claimMany(app, claims))), new Set(['claimed']));
    const beside = await startApp(t, { beside: app });
    t.same(new Set(codesOf(await claimMany(beside, claims))), new Set(['replayed']));
    const single = await app.claim('A', 'user-7', { 'Idempotency-Key': 'key-of-user-7' });
    t.equal(single.headers.get('idempotent-replayed'), 'true');
    await assertBooksBalance(t, app.sql);
  },
);

t.test(
  'the claims of a request for one coupon are decided in their order: the first get the units',
  async (t) => {
    const app = await startApp(t, { settings: { CLAIM_BATCH_SIZE_MAX: '70', CLAIM_LANES: '2' } });
    await app.createCoupon('A', 300);
    await app.createCoupon('B', 200);
    const people = users(500);
    const outcomes = await claimMany(
      app,
      people.flatMap((user): Claim[] => [
        ['A', user],
        ['B', user],
      ]),
    );
    t.equal(outcomes.length, 1_000);
    t.same((await app.getCoupon('A')).claimed_by, people.slice(0, 300));
    t.same((await app.getCoupon('B')).claimed_by, people.slice(0, 200));
    t.same(
      outcomes.map(({ code }) => code === 'claimed'),
      people.flatMap((_, i) => [i < 300, i < 200]),
    );
  },
);

t.test(
  'internal_error: a claim that fails by a defect leaves nothing behind, and the others go on',
  async (t) => {
    const app = await startApp(t, { settings: { CLAIM_BATCH_SIZE_MAX: '1' }, shape: UNDIVIDED });
    await app.createCoupon('A', 10);
    await app.createCoupon('BROKEN', 10);
    await app.sql.unsafe(`
    create function fail() returns trigger language plpgsql as $$ begin raise 'out of order'; end $$;
    create trigger fail before insert on claims
      for each row when (new.coupon_name = 'BROKEN') execute function fail()`);
    const outcomes = await claimMany(app, [
      ['A', 'ada'],
      ['BROKEN', 'ben'],
      ['A', 'cy'],
    ]);
    t.same(outcomes, [
      { code: 'claimed' },
      { code: 'internal_error', error: 'internal server error', retry_after_seconds: 1 },
      { code: 'claimed' },
    ]);
    const [failure, ...others] = app.log.filter(({ msg }) => msg === 'claims failed');
    t.match(failure, { level: 50, count: 1, err: { message: 'out of order' } });
    t.same(others, []);
    t.equal((await app.getCoupon('BROKEN')).remaining_amount, 10);
    t.same((await app.getCoupon('A')).claimed_by, ['ada', 'cy']);
    await assertBooksBalance(t, app.sql);
  },
);

t.test(
  'bulk and single claims race through two servers: exactly the stock is claimed, once a user',
  async (t) => {
    const app = await startApp(t);
    const beside = await startApp(t, { beside: app });
    await app.createCoupon('A', 700);
    const people = users(1_000);
    const [one, other, singles] = await Promise.all([
      claimMany(app, forCoupon('A', people)),
      claimMany(beside, forCoupon('A', people.toReversed())),
      Promise.all(people.slice(300, 500).map((user, i) => (i % 2 ? app : beside).claim('A', user))),
    ]);
    const claimed = [...one, ...other].filter(({ code }) => code === 'claimed').length;
    t.equal(claimed + singles.filter(({ status }) => status === 200).length, 700);
    t.equal((await app.getCoupon('A')).remaining_amount, 0);
    const refused = new Set(codesOf([...one, ...other]).filter((code) => code !== 'claimed'));
    t.ok([...refused].every((code) => code === 'already_claimed' || code === 'out_of_stock'));
    await assertBooksBalance(t, app.sql);
  },
);

t.test(
  'single claims that arrive behind 1,000 claims of a request do not wait for all of them',
  async (t) => {
    let arrived = 0;
    const inspect = (app: FastifyInstance) =>
      app.addHook('preHandler', async ({ method }) => {
        if (method === 'POST') arrived++;
      });
    const app = await startApp(t, { settings: { CLAIM_LANES: '1' }, shape: UNDIVIDED, inspect });
    await app.createCoupon('A', 10_000);
    const release = await lockCoupon(t, app.sql, 'A');
    const running = app.claim('A', 'running');
    await lockAwaited(app.sql);
    const bulk = claimMany(app, forCoupon('A', users(1_000)));
    await until('the many are in their lane', () => arrived === 3);
    await app.request('GET', '/health');
    const singles = ['ada', 'ben', 'cy'].map((user) => app.claim('A', user));
    await until('the singles are in their lane', () => arrived === 6);
    await app.request('GET', '/health');
    await release();
    for (const { status } of await Promise.all([running, ...singles])) t.equal(status, 200);
    t.same(new Set(codesOf(await bulk)), new Set(['claimed']));
    const { claimed_by: holders } = await app.getCoupon('A');
    t.equal(holders[0], 'running');
    t.equal(holders[1], 'user-0', 'first come, first served');
    // Before them are the batch that runs, the one that was sent ahead, and the rest of the turn in it.
    const before = 1 + 250 + 50;
    t.same(holders.slice(before, before + 3).sort(), ['ada', 'ben', 'cy']);
    t.same(
      holders.filter((user) => user.startsWith('user-')),
      users(1_000),
    );
  },
);

t.test('400: an invalid claim refuses the whole request, is named, and changes nothing', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('A', 10);
  const good = { user_id: 'ada', coupon_name: 'A' };
  const refusals: [claims: unknown, sentence: string][] = [
    [[good, good, good, { coupon_name: 'A' }], 'claims[3].user_id is required'],
    [[good, { ...good, user_id: 7 }], 'claims[1].user_id must be a string'],
    [[good, { ...good, coupon_name: '' }], 'claims[1].coupon_name is required'],
    [[good, { ...good, colour: 'red' }], '"colour" is not a known field of claims[1]'],
    [
      [{ ...good, idempotency_key: 'a b' }],
      'claims[0].idempotency_key must be 1 to 255 visible ASCII characters',
    ],
    [[good, 'ada'], 'claims[1] must be an object'],
    [[], 'claims must not be empty'],
    [Array(1_001).fill(good), 'claims must have at most 1000 items'],
    [good, 'claims must be an array'],
    [undefined, 'claims is required'],
  ];
  for (const [claims, sentence] of refusals) {
    const answer = await app.request('POST', '/api/claims', { body: { claims } });
    t.equal(answer.status, 400, sentence);
    t.equal(problemIn(answer).error, `invalid request: ${sentence}`);
  }
  const keyed = await send(app, [['A', 'ada']], { 'Idempotency-Key': 'k' });
  t.equal(keyed.status, 400);
  t.match(problemIn(keyed).error, /^invalid request: each claim must have its own idempotency_key/);
  t.equal((await app.sql`select from claims`).count, 0);
});

t.test('1,000 claims with the longest names in ASCII fit, and larger bodies are refused', async (t) => {
  const app = await startApp(t);
  const coupon = 'c'.repeat(255);
  await app.createCoupon(coupon, 1_000);
  const claims = users(1_000).map((user): Claim => [coupon, user.padEnd(255, '-'), user.padEnd(255, '-')]);
  t.same(new Set(codesOf(await claimMany(app, claims))), new Set(['claimed']));
  const large = users(1_000).map((_, i): Claim => [longestName, longestName, `k${i}`]);
  t.equal((await send(app, large)).status, 413);
});

t.test('claims that find no room are overloaded, each for itself, and 503 if none does', async (t) => {
  const app = await startApp(t, {
    settings: { CLAIMS_WAITING_MAX: '4', CLAIM_LANES: '1' },
    shape: UNDIVIDED,
  });
  await app.createCoupon('A', 100);
  const outcomes = await claimMany(app, forCoupon('A', users(6)));
  const refused = { code: 'overloaded', error: 'server overloaded', retry_after_seconds: 1 };
  t.same(outcomes, [...Array(4).fill({ code: 'claimed' }), refused, refused]);
  const release = await lockCoupon(t, app.sql, 'A');
  const running = app.claim('A', 'running');
  await lockAwaited(app.sql);
  const waiting = claimMany(app, forCoupon('A', ['a', 'b', 'c', 'd', 'e']));
  await app.request('GET', '/health');
  const shed = await send(app, [['A', 'late']]);
  t.equal(shed.status, 503);
  t.equal(problemIn(shed).code, 'overloaded');
  t.match(shed.headers.get('retry-after'), /^[1-5]$/);
  await release();
  t.equal((await running).status, 200);
  t.same(codesOf(await waiting), ['claimed', 'claimed', 'claimed', 'claimed', 'overloaded']);
  await assertBooksBalance(t, app.sql);
});

t.test('503 database_unavailable: nothing was decided, and nothing was changed', async (t) => {
  const app = await startApp(t, { settings: { LOCK_TIMEOUT_MS: '200', CLAIM_LANES: '1' } });
  await app.createCoupon('A', 100);
  const release = await lockCoupon(t, app.sql, 'A');
  const refused = await send(app, forCoupon('A', users(5)));
  t.equal(refused.status, 503);
  t.equal(problemIn(refused).code, 'database_unavailable');
  await release();
  t.same((await app.getCoupon('A')).claimed_by, []);
});

t.test(
  'a claim says so if its database failed meanwhile, and its key finds out what became of it',
  async (t) => {
    const beside = await startApp(t, { shape: UNDIVIDED });
    const proxy = await startProxy(t, beside.database.url);
    const app = await startApp(t, {
      settings: { CLAIM_OUTCOME_TIMEOUT_MS: '300', CLAIM_LANES: '1', CLAIM_BATCH_SIZE_MAX: '10' },
      beside: { ...beside, database: { ...beside.database, url: proxy.url } },
    });
    await beside.createCoupon('A', 100);
    await beside.createCoupon('B', 100);
    const unlock = await lockCoupon(t, beside.sql, 'B');
    // The first batch of ten is decided. The next one waits for the lock when the connection breaks.
    const pending = claimMany(app, [...forCoupon('A', users(10)), ...forCoupon('B', users(5))]);
    await lockAwaited(beside.sql);
    await proxy.close();
    const outcomes = await pending;
    t.same(new Set(codesOf(outcomes.slice(0, 10))), new Set(['claimed']));
    t.same(new Set(codesOf(outcomes.slice(10))), new Set(['outcome_unknown']));
    await unlock();
    const again = outcomes
      .slice(10)
      .map(({ idempotency_key: key }, i): Claim => ['B', `user-${i}`, key as string]);
    const found = codesOf(await claimMany(beside, again));
    t.ok(
      found.every((code) => code === 'replayed' || code === 'claimed'),
      String(found),
    );
    t.same((await beside.getCoupon('B')).claimed_by, users(5));
    await assertBooksBalance(t, beside.sql);
  },
);

t.test('claims of a client that has left are not made, unless they have started', async (t) => {
  const app = await startApp(t, { settings: { CLAIM_LANES: '1' } });
  await app.createCoupon('A', 10_000);
  const release = await lockCoupon(t, app.sql, 'A');
  const running = app.claim('A', 'running');
  await lockAwaited(app.sql);
  const claims = users(10).map((user_id) => ({ user_id, coupon_name: 'A' }));
  await sendAndLeave(app, '/api/claims', { claims });
  // A request behind another one of its connection.
  const connection = openRawConnection(app.url);
  connection.send(['behind-1', 'behind-2'].map((user) => claimBytes('A', user)).join(''));
  await app.request('GET', '/health');
  connection.socket.destroy();
  await app.request('GET', '/health');
  await release();
  t.equal((await running).status, 200);
  t.equal((await app.claim('A', 'after')).status, 200);
  t.same((await app.getCoupon('A')).claimed_by, ['running', 'after']);
});
