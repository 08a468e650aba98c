import t from 'tap';
import { createClient } from '../../clients/typescript/src/index.js';
import { startApp } from '../support/app.js';
import { assertBooksBalance } from '../support/books.js';
import { checkedFetch } from '../support/checked-fetch.js';
import { users } from '../support/crowd.js';
import { UNDIVIDED } from '../support/database.js';
import { startFront } from './front.js';

const claimsFor = (couponName: string, people: string[]) => people.map((userId) => ({ couponName, userId }));

t.test('2,500 claims go in three requests, and each has its result in its place', async (t) => {
  const app = await startApp(t);
  const front = await startFront(t, app.url, () => 'pass');
  const client = createClient({ baseUrl: front.url, fetch: checkedFetch(t) });
  await app.createCoupon('SUMMER', 2_400);
  const results = await client.claimMany(claimsFor('SUMMER', users(2_500)));
  t.same(
    results.map((result) => (result.ok ? 'claimed' : result.code)),
    users(2_500).map((_, i) => (i < 2_400 ? 'claimed' : 'out_of_stock')),
  );
  t.equal(front.requests.length, 3);
  t.match(results[2_499], {
    ok: false,
    isDecided: true,
    outcomeUnknown: false,
    error: 'coupon out of stock',
  });
  await assertBooksBalance(t, app.sql);
});

t.test('an answer that is lost is asked for again with the same keys', async (t) => {
  const app = await startApp(t);
  const front = await startFront(t, app.url, (number) => (number === 1 ? 'cut after' : 'pass'));
  await app.createCoupon('SUMMER', 10);
  const results = await createClient({ baseUrl: front.url }).claimMany(claimsFor('SUMMER', users(3)));
  t.same(
    results.map((result) => result.ok && result.replayed),
    [true, true, true],
  );
  t.equal(front.requests[1]?.body, front.requests[0]?.body);
});

t.test('only claims that were not decided are sent again, until they are', async (t) => {
  const settings = { CLAIMS_WAITING_MAX: '4', CLAIM_LANES: '1' };
  const app = await startApp(t, { settings, shape: UNDIVIDED });
  const front = await startFront(t, app.url, () => 'pass');
  await app.createCoupon('SUMMER', 100);
  const results = await createClient({ baseUrl: front.url }).claimMany(claimsFor('SUMMER', users(6)));
  t.ok(results.every(({ ok }) => ok));
  const sent = front.requests.map(({ body }) => JSON.parse(body).claims.length);
  t.same(sent, [6, 2]);
});

t.test('claims that stay undecided until the deadline say so', async (t) => {
  const settings = { CLAIMS_WAITING_MAX: '1', CLAIM_LANES: '1' };
  const app = await startApp(t, { settings, shape: UNDIVIDED });
  await app.createCoupon('SUMMER', 100);
  const client = createClient({ baseUrl: app.url, deadlineMs: 500 });
  const results = await client.claimMany(claimsFor('SUMMER', users(3)));
  t.match(results[0], { ok: true });
  for (const result of results.slice(1)) {
    t.match(result, { ok: false, code: 'overloaded', isDecided: false, outcomeUnknown: false });
  }
});

for (const [status, code] of [
  [429, 'rate_limited'],
  [503, 'overloaded'],
] as const) {
  t.test(`claims are undecided after ${code}, and not sent before Retry-After`, async (t) => {
    const app = await startApp(t);
    const body = { type: `urn:problem:${code}`, title: code, status, code, error: 'later' };
    const headers = { 'content-type': 'application/json', 'retry-after': '5' };
    const front = await startFront(t, app.url, () => ({ status, headers, body }));
    const client = createClient({ baseUrl: front.url, deadlineMs: 1_000 });
    const results = await client.claimMany(claimsFor('SUMMER', users(2)));
    t.equal(front.requests.length, 1);
    for (const result of results) {
      t.match(result, { ok: false, code, isDecided: false, outcomeUnknown: false });
    }
  });
}

t.test('an invalid claim is an error, and none is made', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 100);
  const client = createClient({ baseUrl: app.url, fetch: checkedFetch(t) });
  await t.rejects(client.claimMany(claimsFor('SUMMER', ['ada', ' '])), {
    code: 'invalid_request',
    problem: { error: /^invalid request: claims\[1\]\.user_id / },
  });
  t.same((await app.getCoupon('SUMMER')).claimed_by, []);
});

t.test('an answer without an outcome for each claim is none, and leaves the outcomes unknown', async (t) => {
  const app = await startApp(t);
  const headers = { 'content-type': 'application/json' };
  const front = await startFront(t, app.url, () => ({ status: 200, headers, body: { outcomes: [] } }));
  await t.rejects(createClient({ baseUrl: front.url }).claimMany(claimsFor('SUMMER', users(2))), {
    code: 'unexpected_answer',
    status: 200,
    outcomeUnknown: true,
  });
});
