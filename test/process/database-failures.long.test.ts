import postgres from 'postgres';
import t from 'tap';
import { DatabaseTimeout, isDatabaseUnavailable } from '../../src/database/errors.js';
import { problemIn } from '../support/app.js';
import { createDatabase } from '../support/database.js';
import { startOwnPostgres } from '../support/own-postgres.js';
import { startService } from '../support/process.js';
import { startProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

t.test(
  'claims get 503 while the database restarts and 200 afterwards, and no confirmed claim is lost',
  async (t) => {
    const database = await startOwnPostgres(t);
    const service = startService(t, { DATABASE_URL: database.url });
    const client = await service.listening();
    await client.createCoupon('SUMMER', 1_000_000);
    const holders: string[] = [];
    const statuses = new Set<number>();
    let over = false;
    const claimants = Array.from({ length: 5 }, async (_, claimant) => {
      for (let number = 0; !over; number++) {
        const user = `user-${claimant}-${number}`;
        const { status } = await client.claim('SUMMER', user);
        statuses.add(status);
        if (status === 200) holders.push(user);
      }
    });
    await until('a claim', () => holders.length > 0);
    await database.stop();
    await until('a refusal', () => statuses.has(503));
    const health = await client.request('GET', '/health');
    t.equal(health.status, 503);
    t.equal(health.text, '{"status":"unhealthy","error":"database connection failed"}');
    t.equal((await client.request('GET', '/api/coupons/SUMMER')).status, 503);
    t.equal((await client.createCoupon('WINTER', 5)).status, 503);

    await database.start();
    await until('health', async () => (await client.request('GET', '/health')).status === 200);
    const before = holders.length;
    await until('a claim', () => holders.length > before);
    over = true;
    await Promise.all(claimants);
    t.same([...statuses].sort(), [200, 503]);
    const { claimed_by, remaining_amount } = await client.getCoupon('SUMMER');
    const claimed = new Set(claimed_by);
    t.same(
      holders.filter((user) => !claimed.has(user)),
      [],
    );
    t.equal(remaining_amount, 1_000_000 - claimed_by.length);
    t.equal((await client.createCoupon('WINTER', 5)).status, 201);
    t.equal(await service.stop(), 0);
  },
);

t.test('requests get 503 while connections break at their first statement, and then succeed', async (t) => {
  const { url } = await createDatabase(t);
  const proxy = await startProxy(t, url);
  const service = startService(t, { DATABASE_URL: proxy.url, CLAIM_OUTCOME_TIMEOUT_MS: '500' });
  const client = await service.listening();
  await client.createCoupon('SUMMER', 5);
  proxy.breaks = true;
  await proxy.close();
  await proxy.open();
  const answers = await Promise.all([
    client.request('GET', '/health'),
    client.createCoupon('WINTER', 5),
    client.request('GET', '/api/coupons/SUMMER'),
    client.claim('SUMMER', 'ada'),
  ]);
  for (const answer of answers) t.equal(answer.status, 503);
  proxy.breaks = false;
  await until('health', async () => (await client.request('GET', '/health')).status === 200);
  t.equal((await client.claim('SUMMER', 'ada')).status, 200);
  t.equal(await service.stop(), 0);
});

t.test('requests get 503 in bounded time while the database hangs, and succeed afterwards', async (t) => {
  const database = await startOwnPostgres(t);
  const service = startService(t, {
    DATABASE_URL: database.url,
    STATEMENT_TIMEOUT_MS: '500',
    CLAIM_OUTCOME_TIMEOUT_MS: '500',
    LOG_LEVEL: 'debug',
  });
  const client = await service.listening();
  await client.createCoupon('SUMMER', 100);
  await database.freeze();
  // The first round uses connections that were open before, the second one new ones.
  for (const user of ['ada', 'grace']) {
    const [health, claim, ...answers] = await Promise.all([
      client.request('GET', '/health'),
      client.claim('SUMMER', user),
      client.request('GET', '/api/coupons/SUMMER'),
      client.createCoupon('WINTER', 5),
    ]);
    t.equal(health.status, 503);
    t.equal(claim.status, 503);
    t.equal(problemIn(claim).code, 'outcome_unknown');
    for (const answer of answers) {
      t.equal(answer.status, 503);
      t.equal(problemIn(answer).code, 'database_unavailable');
      t.equal(answer.headers.get('retry-after'), '1');
    }
  }
  // The service measures its own time. On a busy machine, this process hears of an answer later.
  const timesOf = (path: string) =>
    service.log.filter(({ url, status }) => url === path && status === 503).map(({ ms }) => Number(ms));
  for (const [path, count, msMax] of [
    ['/health', 2, 3_000],
    ['/api/coupons/claim', 2, 5_000],
    ['/api/coupons/SUMMER', 2, 5_000],
    ['/api/coupons', 2, 5_000],
  ] as const) {
    const times = await until(`the times of ${path}`, () => timesOf(path).length === count && timesOf(path));
    t.ok(Math.max(...times) < msMax, `${path} took ${times.join(' and ')} ms, less than ${msMax} ms`);
  }
  t.match(await service.logged('the database hangs'), { level: 40 });
  database.thaw();
  await until('health', async () => (await client.request('GET', '/health')).status === 200);
  t.equal((await client.claim('SUMMER', 'alan')).status, 200);
  t.equal((await client.request('GET', '/api/coupons/SUMMER')).status, 200);

  await database.freeze();
  await until('no health', async () => (await client.request('GET', '/health')).status === 503);
  t.equal(await service.stop(), 0);
  const [begin, end] = [await service.logged('SIGTERM'), await service.logged('stopped')];
  t.ok(Date.parse(end.time) - Date.parse(begin.time) < 5_000, 'a stop does not wait for the database');
});

t.test('isDatabaseUnavailable tells failures of the database from defects of the service', async (t) => {
  const postgresError = (code: string) => Object.assign(new postgres.PostgresError(code), { code });
  const systemError = (code: string) => Object.assign(new Error(code), { code });
  const [refused, unknown] = [systemError('ECONNREFUSED'), systemError('ERR_ASSERTION')];
  const cases: [unknown, boolean][] = [
    ...['08006', '25006', '28P01', '3D000', '40001', '40P01', '42P01', '53100', '53300', '55P03'].map(
      (state): [unknown, boolean] => [postgresError(state), true],
    ),
    ...['57014', '57P01', '57P03', '58030', 'XX000', 'XX002'].map((state): [unknown, boolean] => [
      postgresError(state),
      true,
    ]),
    ...['23505', '22021', '42601', '42703', '25P02', '42501', '22003'].map((state): [unknown, boolean] => [
      postgresError(state),
      false,
    ]),
    ...[
      'CONNECTION_CLOSED',
      'CONNECTION_DESTROYED',
      'CONNECT_TIMEOUT',
      'ECONNRESET',
      'ENOTFOUND',
      'EPIPE',
    ].map((code): [unknown, boolean] => [systemError(code), true]),
    [refused, true],
    [unknown, false],
    [new AggregateError([unknown, refused]), true],
    [new AggregateError([unknown]), false],
    [new DatabaseTimeout('the database did not answer'), true],
    [new Error('no code'), false],
    ['ECONNREFUSED', false],
    [undefined, false],
  ];
  for (const [error, expected] of cases)
    t.equal(isDatabaseUnavailable(error), expected, (error as { code?: string })?.code ?? String(error));
});
