import t from 'tap';
import { type Attempt, createClient } from '../../clients/typescript/src/index.js';
import { startApp } from '../support/app.js';
import { assertBooksBalance } from '../support/books.js';
import { users } from '../support/crowd.js';
import { type Move, problem, startFront } from './front.js';

/** For waits that the test does not measure: a slow machine never reaches it. */
const PATIENCE_MS = 100_000;

for (const first of ['cut before', 'cut after', 'hold', problem(503, 'outcome_unknown')] as Move[]) {
  const name = typeof first === 'string' ? first : '503 outcome_unknown';
  t.test(`a claim whose first request met "${name}" is made once, with one key`, async (t) => {
    const app = await startApp(t);
    await app.createCoupon('SUMMER', 5);
    const front = await startFront(t, app.url, (number) => (number === 1 ? first : 'pass'));
    const timeoutMs = first === 'hold' ? 2_000 : PATIENCE_MS;
    const client = createClient({ baseUrl: front.url, timeoutMs, deadlineMs: PATIENCE_MS });
    const result = await client.claim('SUMMER', 'ada');
    t.ok(result.ok);
    if (first !== 'hold') t.match(result, { replayed: first === 'cut after' });
    t.equal(front.requests.length, result.attempts);
    t.same(
      [...new Set(front.requests.map(({ headers }) => headers['idempotency-key']))],
      [result.idempotencyKey],
    );
    t.same((await app.getCoupon('SUMMER')).claimed_by, ['ada']);
    await assertBooksBalance(t, app.sql);
  });
}

t.test('Retry-After is waited for in full, and jitter comes on top', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  const refusals = [
    problem(429, 'rate_limited', { 'retry-after': '1' }),
    problem(503, 'overloaded', { 'retry-after': new Date(Date.now() + 100).toUTCString() }),
    problem(503, 'overloaded', { 'retry-after': 'soon' }),
  ];
  const front = await startFront(t, app.url, (number) => refusals[number - 1] ?? 'pass');
  const attempts: Attempt[] = [];
  const client = createClient({
    baseUrl: front.url,
    deadlineMs: PATIENCE_MS,
    onAttempt: (attempt) => attempts.push(attempt),
  });
  const startedAt = performance.now();
  t.match(await client.claim('SUMMER', 'ada'), { ok: true, attempts: 4 });
  t.ok(performance.now() - startedAt >= 1_000);
  t.match(attempts, [
    { operation: 'claimCoupon', attempt: 1, status: 429, code: 'rate_limited', requestId: 'made-up' },
    { attempt: 2, status: 503, code: 'overloaded', durationMs: Number, idempotencyKey: String },
    { attempt: 3, code: 'overloaded', retryInMs: Number },
    { attempt: 4, status: 200, code: undefined, retryInMs: undefined },
  ]);
  const [first, second, third] = attempts.map(({ retryInMs }) => retryInMs ?? -1) as [number, number, number];
  t.ok(first >= 1_000 && first < 1_100, `${first} ms`);
  t.ok(second >= 0 && second < 1_200, `${second} ms`);
  t.ok(third >= 0 && third < 400, `${third} ms`);
});

t.test(
  'clients that were refused together come back at different times, whatever the metrics throw',
  async (t) => {
    const app = await startApp(t);
    const front = await startFront(t, app.url, () => problem(503, 'overloaded'));
    const pauses: number[] = [];
    const onAttempt = ({ retryInMs = 0 }: Attempt) => {
      pauses.push(retryInMs);
      throw new Error('a defect of the metrics');
    };
    const client = createClient({ baseUrl: front.url, onAttempt, deadlineMs: 1_500 });
    await Promise.all(
      users(10).map((user) => t.rejects(client.claim('SUMMER', user), { name: 'CouponError' })),
    );
    t.ok(new Set(pauses).size > 10);
  },
);

t.test('a crowd beyond the limit of the operator gets its claims, one second after the other', async (t) => {
  const app = await startApp(t, { settings: { RATE_LIMIT_PER_SECOND: '5' } });
  await app.database.createCoupon('SUMMER', 10);
  const client = createClient({ baseUrl: app.url, deadlineMs: PATIENCE_MS });
  const results = await Promise.all(users(12).map((user) => client.claim('SUMMER', user)));
  t.equal(results.filter(({ ok }) => ok).length, 10);
  t.equal(results.filter((result) => !result.ok && result.code === 'out_of_stock').length, 2);
  t.ok(results.some(({ attempts }) => attempts > 1));
  await assertBooksBalance(t, app.sql);
});

t.test('at the deadline the error says whether the outcome is unknown, and names the key', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  let move: Move = 'cut after';
  const front = await startFront(t, app.url, () => move);
  const client = createClient({ baseUrl: front.url, deadlineMs: 500 });
  const error = await client.claim('SUMMER', 'ada').catch((error) => error);
  t.match(error, {
    name: 'CouponError',
    message: /^claimCoupon: no_answer( \(after \d+ attempts\))?; the outcome is unknown$/,
    code: 'no_answer',
    status: undefined,
    outcomeUnknown: true,
    // A slow machine may let the deadline come first.
    cause: { name: /^(TypeError|TimeoutError)$/ },
    idempotencyKey: String,
  });
  t.match(await createClient({ baseUrl: app.url }).claim('SUMMER', 'ada', error), { ok: true });

  const startedAt = performance.now();
  move = problem(503, 'database_unavailable', { 'retry-after': '600' });
  const later = { code: 'database_unavailable', outcomeUnknown: false, retryAfterMs: 600_000, attempts: 1 };
  await t.rejects(client.claim('SUMMER', 'ada', { deadlineMs: PATIENCE_MS }), later);
  await t.rejects(client.changeCoupon('SUMMER', { amount: 6 }), { ...later, outcomeUnknown: true });
  await t.rejects(client.getCoupon('SUMMER'), later);
  t.ok(performance.now() - startedAt < PATIENCE_MS, 'it does not wait in vain');

  move = 'hold';
  const hanging = client.claim('SUMMER', 'grace', { timeoutMs: 20, deadlineMs: 40 });
  await t.rejects(hanging, { code: 'no_answer', cause: { name: 'TimeoutError' }, outcomeUnknown: true });
  await t.rejects(client.getClaim('SUMMER', 'ada', { deadlineMs: 40 }), {
    code: 'no_answer',
    outcomeUnknown: false,
  });
});

t.test('an error that follows a lost request leaves the outcome unknown', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  const moves: Move[] = ['cut after', problem(401, 'unauthorized'), problem(500, 'internal_error')];
  const front = await startFront(t, app.url, (number) => moves[number - 1]!);
  const client = createClient({ baseUrl: front.url, deadlineMs: PATIENCE_MS });
  const lost = { code: 'unauthorized', status: 401, attempts: 2, outcomeUnknown: true };
  await t.rejects(client.claim('SUMMER', 'ada'), lost);
  await t.rejects(client.claim('SUMMER', 'ada'), {
    code: 'internal_error',
    attempts: 1,
    outcomeUnknown: true,
  });
});

t.test(
  'what a proxy answers is retried if it is busy, and otherwise an error: no redirect is followed',
  async (t) => {
    const app = await startApp(t);
    await app.createCoupon('SUMMER', 5);
    const moves: Move[] = [
      { status: 502, headers: { 'content-type': 'text/html' }, body: '<html>' },
      'pass',
      { status: 404, body: 'nothing here' },
      { status: 302, headers: { location: `${app.url}/health` } },
      { status: 400, headers: { 'content-type': 'application/json' }, body: 'null' },
    ];
    const front = await startFront(t, app.url, (number) => moves[number - 1]!);
    const client = createClient({ baseUrl: front.url, deadlineMs: PATIENCE_MS });
    t.match(await client.claim('SUMMER', 'ada'), { ok: true, attempts: 2 });
    const code = 'unexpected_answer';
    await t.rejects(client.claim('SUMMER', 'ada'), { code, status: 404, problem: undefined });
    await t.rejects(client.claim('SUMMER', 'ada'), { code, status: 302, outcomeUnknown: false });
    await t.rejects(client.claim('SUMMER', 'ada'), { code, status: 400 });
  },
);
