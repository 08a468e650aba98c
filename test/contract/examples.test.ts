import t, { type Test } from 'tap';
import { readContract } from '../../src/contract.js';
import { type Answer, startApp, type TestApp } from '../support/app.js';
import { UNDIVIDED } from '../support/database.js';
import { examples, sideBySide } from '../support/documented.js';
import { lockAwaited, lockCoupon } from '../support/locks.js';
import { startProxy } from '../support/proxy.js';
import { sendBytes } from '../support/raw-http.js';
import { requestBytes } from '../support/raw-requests.js';

/** Each example of the contract is what the server takes and gives. */

const seen = new Set<string>();

function documented(name: string) {
  const example = examples.get(name);
  if (!example) throw new Error(`openapi.yaml has no example ${name}`);
  seen.add(name);
  return example;
}

/** Fails unless the answer is the example. */
function equals(t: Test, answer: Answer, name: string, mask?: (text: string) => string): void {
  const { shown, expected } = sideBySide(answer, documented(name), mask);
  t.strictSame(shown, expected, name);
}

const post = (app: TestApp, body: unknown) => app.request('POST', '/api/coupons', { body });
const change = (app: TestApp, body: unknown) => app.request('PATCH', '/api/coupons/SUMMER', { body });
const claim = (app: TestApp, headers = {}) =>
  app.request('POST', '/api/coupons/claim', { body: documented('claimCoupon request').body, headers });
const claimMany = (app: TestApp) =>
  app.request('POST', '/api/claims', { body: documented('claimCoupons request').body });
const get = (app: TestApp, path: string, headers = {}) => app.request('GET', path, { headers });

/** Creates the coupon of the examples, and gives its claims the time of the examples. */
async function sell(app: TestApp, users = ['ada', 'grace']): Promise<void> {
  await post(app, documented('createCoupon request open').body);
  for (const user of users) await app.claim('SUMMER', user);
  await app.sql`update claims set created_at = '2026-07-01T12:00:00.042Z'`;
}

t.test('coupons', async (t) => {
  const app = await startApp(t);
  equals(t, await get(app, '/health'), 'getHealth 200');
  equals(t, await get(app, '/health/live'), 'getLiveness 200');
  equals(t, await get(app, '/health/ready'), 'getReadiness 200');
  await sell(app);
  equals(t, await get(app, '/api/coupons/SUMMER'), 'getCoupon 200 withHolders');
  equals(t, await get(app, '/api/coupons/SUMMER?claimed_by=false'), 'getCoupon 200 withoutHolders');
  equals(t, await post(app, documented('createCoupon request open').body), 'CouponExists');
  equals(t, await change(app, { amount: 1 }), 'StockAlreadyClaimed');
  equals(t, await app.request('DELETE', '/api/coupons/SUMMER'), 'CouponHasClaims');
  equals(t, await change(app, documented('changeCoupon request restock').body), 'changeCoupon 200');
  equals(t, await get(app, '/api/coupons/WINTER'), 'CouponNotFound');
  equals(t, await get(app, '/api/coupons/SUMMER/claims/alan'), 'ClaimNotFound');

  for (const [name, body] of [
    ['extend', { ends_at: '2026-07-01T14:00:00.000Z' }],
    ['noEnd', { ends_at: undefined }],
  ] as const) {
    const answer = await change(app, documented(`changeCoupon request ${name}`).body);
    t.match({ status: answer.status, body: answer.json() }, { status: 200, body }, name);
  }
  const scheduled = await post(app, documented('createCoupon request scheduled').body);
  t.strictSame([scheduled.status, scheduled.headers.get('location')], [201, '/api/coupons/NOON']);
});

t.test('lists', async (t) => {
  const app = await startApp(t);
  await sell(app);
  await app.createCoupon('AUTUMN', 500);
  await app.createCoupon('WINTER', 500);
  equals(t, await get(app, '/api/coupons?limit=2'), 'listCoupons 200');
  await app.claim('AUTUMN', 'ada');
  await app.sql`update claims set created_at = '2026-10-01T12:00:00.007Z' where coupon_name = 'AUTUMN'`;
  equals(t, await get(app, '/api/users/ada/claims'), 'listUserClaims 200');
  equals(t, await get(app, '/api/coupons/SUMMER/claims/ada'), 'getClaim 200');
  const ndjson = await get(app, '/api/coupons/SUMMER/claims', { Accept: 'application/x-ndjson' });
  equals(t, ndjson, 'listClaims 200 application/x-ndjson');
  await app.claim('SUMMER', 'alan');
  equals(t, await get(app, '/api/coupons/SUMMER/claims?limit=2'), 'listClaims 200 application/json');

  const other = await startApp(t);
  await sell(other, ['ada']);
  const csv = await get(other, '/api/coupons/SUMMER/claims', { Accept: 'text/csv' });
  equals(t, csv, 'listClaims 200 text/csv');
});

t.test('events', async (t) => {
  const app = await startApp(t, { shape: UNDIVIDED });
  await sell(app, ['ada']);
  // The log of each database has another name, and its events other times.
  const mask = (text: string) =>
    text.replace(/1-[0-9a-f]+-\d+-\d+/g, '<cursor>').replace(/"time":"[^"]+"/g, '"time":"<time>"');
  const { next_cursor: created } = (await get(app, '/api/events?limit=1')).json();
  equals(t, await get(app, `/api/events?after=${created}`), 'listEvents 200 application/json', mask);
  equals(t, await get(app, '/api/events?after=1-9f86d0816a4c4d3e0b7a2c11-7-0'), 'CursorExpired');

  const reading = new AbortController();
  const stream = await fetch(`${app.url}/api/events?after=${created}`, {
    headers: { Accept: 'text/event-stream' },
    signal: reading.signal,
  });
  let text = '';
  for await (const chunk of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (text.includes('claim.made') && text.endsWith('\n\n')) break;
  }
  reading.abort();
  // Other fields and comments may come before the event.
  const event = `${text.split('\n\n').find((block) => block.includes('claim.made'))}\n`;
  const answer = {
    status: stream.status,
    headers: stream.headers,
    text: event,
    json: () => undefined as never,
  };
  equals(t, answer, 'listEvents 200 text/event-stream', mask);
});

t.test('claims', async (t) => {
  const app = await startApp(t);
  await post(app, { name: 'SUMMER', amount: 1, starts_at: '2099-07-01T12:00:00Z' });
  equals(t, await claim(app), 'ClaimRefused notStarted');
  await change(app, { starts_at: null, ends_at: '2020-07-01T12:00:00Z' });
  equals(t, await claim(app), 'ClaimRefused ended');
  await change(app, { ends_at: null });
  t.equal((await claim(app, { 'Idempotency-Key': 'first' })).status, 200);
  equals(t, await claim(app), 'ClaimConflict alreadyClaimed');
  await app.request('DELETE', '/api/coupons/SUMMER/claims/ada');
  equals(t, await claim(app, { 'Idempotency-Key': 'first' }), 'ClaimConflict released');
  await app.claim('SUMMER', 'grace');
  equals(t, await claim(app), 'ClaimRefused soldOut');
  const invalid = await app.request('POST', '/api/coupons/claim', { body: { coupon_name: 'SUMMER' } });
  equals(t, invalid, 'ClaimRefused invalidField');
});

t.test('requests that nothing accepts', async (t) => {
  const app = await startApp(t, { contract: { ...readContract(), 'x-request-ms-max': 1_000 } });
  equals(t, await get(app, '/api/coupons?colour=red'), 'InvalidRequest unknownParameter');
  equals(t, await post(app, { amount: 500 }), 'InvalidRequestOrBody missingField');
  equals(t, await post(app, { name: 'SUMMER', amount: 0 }), 'InvalidRequestOrBody outOfRange');
  equals(t, await post(app, []), 'InvalidRequestOrBody noObject');
  equals(t, await post(app, { name: 'x'.repeat(2 ** 20) }), 'PayloadTooLarge');
  const send = (headers: Record<string, string>, raw: string) =>
    app.request('POST', '/api/coupons', { headers, raw });
  const json = { 'Content-Type': 'application/json' };
  equals(t, await send(json, '{"name":"SUMMER",}'), 'InvalidRequestOrBody noJson');
  equals(t, await send({ 'Content-Type': 'text/plain' }, '{}'), 'UnsupportedMediaType');

  const bytes = async (text: string, name: string) => equals(t, await sendBytes(t, app.url, [text]), name);
  await bytes('not HTTP\r\n\r\n', 'InvalidRequest malformed');
  await bytes('GET /health HTTP/1.1\r\n', 'RequestTimeout');
  const withHeader = (header: string) =>
    requestBytes('GET', '/health', { headers: ['Connection: close', header] });
  await bytes(withHeader(`X-Long: ${'x'.repeat(20_000)}`), 'HeadersTooLarge');
  await bytes(withHeader('Transfer-Encoding: gzip, chunked'), 'NotImplemented');
});

t.test('requests that the operator does not allow', async (t) => {
  const settings = { ADMIN_API_KEYS: 'admin-0123456789', READ_API_KEYS: 'read-01234567890' };
  const app = await startApp(t, { settings: { ...settings, RATE_LIMIT_PER_SECOND: '1' } });
  equals(t, await get(app, '/api/coupons'), 'Unauthorized');
  const headers = { Authorization: 'Bearer admin-0123456789' };
  equals(t, await get(app, '/api/coupons', headers), 'Forbidden');
  let limited = await get(app, '/api/coupons');
  while (limited.status !== 429) limited = await get(app, '/api/coupons');
  equals(t, limited, 'RateLimited');
});

t.test('a server or a database that fails', async (t) => {
  const beside = await startApp(t, {
    inspect: (app) =>
      app.addHook('preHandler', async () => {
        throw new Error('a defect');
      }),
    // With several databases, the answer also says which of them fail.
    shape: UNDIVIDED,
  });
  equals(t, await get(beside, '/api/coupons'), 'InternalError');
  const proxy = await startProxy(t, beside.database.url);
  const app = await startApp(t, {
    beside: { ...beside, database: { ...beside.database, url: proxy.url } },
  });
  await proxy.close();
  equals(t, await get(app, '/health'), 'getHealth 503');
  equals(t, await get(app, '/health/ready'), 'getReadiness 503 noDatabase');
  equals(t, await get(app, '/api/coupons'), 'Unavailable noDatabase');
});

t.test('a server with too much to do', async (t) => {
  const settings = { CLAIM_LANES: '1', CLAIMS_WAITING_MAX: '1', EVENT_FOLLOWERS_MAX: '1' };
  const app = await startApp(t, { settings });
  await sell(app, []);
  const release = await lockCoupon(t, app.sql, 'SUMMER');
  const running = app.claim('SUMMER', 'alan');
  await lockAwaited(app.sql);
  const waiting = app.claim('SUMMER', 'grace');
  await get(app, '/health');
  equals(t, await claim(app), 'ClaimUnavailable overloaded');
  equals(t, await claimMany(app), 'ClaimsUnavailable');
  await release();
  await Promise.all([running, waiting]);

  const { next_cursor: end } = (await get(app, '/api/events')).json();
  const follow = () => get(app, `/api/events?after=${end}&wait=30`);
  const followers = [follow(), follow()];
  equals(t, await Promise.race(followers), 'Unavailable overloaded');
  await app.createCoupon('AUTUMN', 500);
  await Promise.all(followers);
});

t.test('a server that stops', async (t) => {
  let stop = () => {};
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  let close = async () => {};
  const app = await startApp(t, {
    inspect(app) {
      app.addHook('preClose', () => stopped);
      close = () => app.close();
    },
  });
  const closed = close();
  equals(t, await get(app, '/health/ready'), 'getReadiness 503 stopping');
  stop();
  await closed;
});

t.test('many claims', async (t) => {
  const app = await startApp(t);
  await sell(app, []);
  equals(t, await claimMany(app), 'claimCoupons 200');
});

t.test('an example that differs from the answer is found', async (t) => {
  const app = await startApp(t);
  const answer = await get(app, '/health');
  const { status, headers, body } = documented('getHealth 200');
  const wrong = [
    { status: 201, headers, body },
    { status, headers, body: { status: 'well' } },
    { status, headers, body: { status: 'healthy', uptime: 7 } },
    { status, headers: { 'Content-Type': 'text/html' }, body },
  ];
  for (const example of wrong) {
    const { shown, expected } = sideBySide(answer, example);
    t.notSame(shown, expected);
  }
});

t.test('each example of the contract was compared', async (t) => {
  t.strictSame([...examples.keys()].filter((name) => !seen.has(name)).sort(), []);
});
