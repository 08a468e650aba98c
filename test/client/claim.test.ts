import t from 'tap';
import { createClient } from '../../clients/typescript/src/index.js';
import { startApp } from '../support/app.js';
import { assertBooksBalance } from '../support/books.js';
import { checkedFetch } from '../support/checked-fetch.js';

t.test('a claim ends with one of the outcomes of the contract', async (t) => {
  const app = await startApp(t);
  const client = createClient({ baseUrl: app.url, fetch: checkedFetch(t) });
  await client.createCoupon({ name: 'SUMMER', amount: 2 });
  await client.createCoupon({ name: 'LATER', amount: 1, starts_at: '2999-01-01T00:00:00Z' });
  await client.createCoupon({ name: 'OVER', amount: 1, ends_at: '2001-01-01T00:00:00Z' });

  const made = await client.claim('SUMMER', 'ada');
  t.match(made, {
    ok: true,
    replayed: false,
    attempts: 1,
    requestId: String,
    idempotencyKey: /^[0-9a-f]{32}$/,
  });
  const { idempotencyKey } = made;
  t.match(await client.claim('SUMMER', 'ada', { idempotencyKey }), {
    ok: true,
    replayed: true,
    idempotencyKey,
  });
  t.match(await client.claim('SUMMER', 'ada'), { ok: false, code: 'already_claimed', status: 409 });
  await client.releaseClaim('SUMMER', 'ada');
  t.match(await client.claim('SUMMER', 'ada', { idempotencyKey }), { ok: false, code: 'claim_released' });

  t.match(await client.claim('SUMMER', 'ada'), { ok: true, replayed: false });
  t.match(await client.claim('SUMMER', 'grace'), { ok: true });
  t.match(await client.claim('SUMMER', 'alan'), { ok: false, code: 'out_of_stock', status: 400 });
  t.match(await client.claim('LATER', 'ada'), { ok: false, code: 'sale_not_started', retryAfterMs: 60_000 });
  t.match(await client.claim('OVER', 'ada'), { ok: false, code: 'sale_ended', retryAfterMs: undefined });
  t.match(await client.claim('NONE', 'ada'), { ok: false, code: 'coupon_not_found', status: 404 });
  await assertBooksBalance(t, app.sql);
});

t.test('what is no decision about the claim is an error with its code', async (t) => {
  const app = await startApp(t, {
    settings: { CLAIM_API_KEYS: 'a-key-of-the-shop', READ_API_KEYS: 'a-key-to-read-with' },
  });
  await app.createCoupon('SUMMER', 1);
  const withKey = (apiKey?: string) => createClient({ baseUrl: app.url, fetch: checkedFetch(t), apiKey });
  const outcomeUnknown = false;
  await t.rejects(withKey().claim('SUMMER', 'ada'), { code: 'unauthorized', status: 401, outcomeUnknown });
  await t.rejects(withKey('a-key-to-read-with').claim('SUMMER', 'ada'), { code: 'forbidden', status: 403 });
  await t.rejects(withKey('a-key-of-the-shop').claim('SUMMER', ' '), {
    name: 'CouponError',
    message: /^claimCoupon: 400 invalid_request: invalid request: user_id /,
    code: 'invalid_request',
    problem: { error: String },
    requestId: String,
    attempts: 1,
  });
  await t.rejects(
    withKey('a-key-of-the-shop').claim('SUMMER', 'ada', { idempotencyKey: 'two\nlines' }),
    TypeError,
  );
  t.match(await withKey('a-key-of-the-shop').claim('SUMMER', 'ada'), { ok: true });
  const elsewhere = createClient({ baseUrl: `${app.url}/elsewhere` });
  await t.rejects(elsewhere.claim('SUMMER', 'ada'), { code: 'path_not_found', status: 404 });
});
