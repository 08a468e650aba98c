import t from 'tap';
import { type Answer, problemIn, startApp, type TestApp } from '../support/app.js';
import { openRawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';

const ONE = 'key-one-0123456789';
const TWO = 'key-two-0123456789';
/** No machine is so slow that each of them falls into a second of its own. */
const TRIES_MAX = 100;

const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });

const read = (app: TestApp, headers: Record<string, string> = {}) =>
  app.request('GET', '/api/coupons/A', { headers });

/** Sends requests until one is refused. */
async function refused(send: (index: number) => Promise<Answer>): Promise<Answer> {
  for (let index = 0; index < TRIES_MAX; index++) {
    const answer = await send(index);
    if (answer.status === 429) return answer;
  }
  throw new Error(`${TRIES_MAX} requests were not limited`);
}

t.test('429 rate_limited: too many requests of an address, until Retry-After has passed', async (t) => {
  const app = await startApp(t, { settings: { RATE_LIMIT_PER_SECOND: '2' } });
  t.same([(await read(app)).status, (await read(app)).status], [404, 404]);
  const answer = await refused(() => read(app));
  t.equal(answer.headers.get('retry-after'), '1');
  t.equal(answer.headers.get('x-ratelimit-limit'), null, 'the answer has only headers of the contract');
  t.match(problemIn(answer), { code: 'rate_limited', error: 'too many requests' });
  await until('the next second', async () => (await read(app)).status === 404);
});

t.test('all operations count together, and a refused request changes nothing', async (t) => {
  const app = await startApp(t, { settings: { RATE_LIMIT_PER_SECOND: '1' } });
  const name = (index: number) => `coupon-${index}`;
  let created = 0;
  await refused(async (index) => {
    await read(app);
    const answer = await app.createCoupon(name(index), 1);
    if (answer.status === 201) created++;
    return answer;
  });
  t.equal((await app.sql`select from coupons`).count, created);
  const headers = { 'Content-Type': 'application/json' };
  const unread = await refused(() => app.request('POST', '/api/coupons', { raw: 'no JSON', headers }));
  t.equal(unread.status, 429, 'the body is not read');
});

t.test('health checks are not limited', async (t) => {
  const app = await startApp(t, { settings: { RATE_LIMIT_PER_SECOND: '1' } });
  await refused(() => read(app));
  const checks = await Promise.all(Array.from({ length: 20 }, () => app.request('GET', '/health')));
  t.ok(checks.every(({ status }) => status === 200));
});

t.test('each known key is limited by itself, and an address without a key, too', async (t) => {
  const settings = { RATE_LIMIT_PER_SECOND: '1', ADMIN_API_KEYS: `${ONE},${TWO}` };
  const app = await startApp(t, { settings });
  await refused(() => read(app, bearer(ONE)));
  t.equal((await read(app, bearer(TWO))).status, 404);
  t.equal((await read(app)).status, 404);
});

t.test('an unknown key buys no requests: it counts for its address', async (t) => {
  const app = await startApp(t, { settings: { RATE_LIMIT_PER_SECOND: '1', READ_API_KEYS: ONE } });
  const answer = await refused((index) => read(app, bearer(`unknown-key-${1_000 + index}`)));
  t.match(problemIn(answer), { code: 'rate_limited' });
  t.equal((await read(app, bearer(ONE))).status, 404, 'a known key is not affected');
});

t.test('without a limit, nothing is limited', async (t) => {
  const app = await startApp(t);
  const answers = await Promise.all(Array.from({ length: TRIES_MAX }, () => read(app)));
  t.ok(answers.every(({ status }) => status === 404));
});

t.test('a body that breaks off behind the limit is refused like any other', async (t) => {
  const app = await startApp(t, { settings: { RATE_LIMIT_PER_SECOND: '1000' } });
  const head = 'POST /api/coupons HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
  for (const chunks of ['no chunk', '1\r\n{\r\nno chunk']) {
    const connection = openRawConnection(app.url);
    connection.send(`${head}Transfer-Encoding: chunked\r\n\r\n${chunks}`);
    await connection.closed();
    t.same(
      connection.answers.map(({ status }) => status),
      [400],
    );
  }
});
