import t, { type Test } from 'tap';
import { createClient } from '../../clients/typescript/src/index.js';
import { startApp } from '../support/app.js';
import { assertBooksBalance } from '../support/books.js';
import { checkedFetch } from '../support/checked-fetch.js';
import { type Move, startFront } from './front.js';

/** Starts a client whose next request can be made to fail. */
async function startClient(t: Test, settings: Record<string, string> = {}, apiKey?: string) {
  const app = await startApp(t, { settings });
  const next: Move[] = [];
  const front = await startFront(t, app.url, () => next.shift() ?? 'pass');
  const client = createClient({ baseUrl: front.url, fetch: checkedFetch(t), deadlineMs: 100_000, apiKey });
  return { app, front, client, next };
}

t.test('a coupon is created, read, changed and deleted', async (t) => {
  const { client, app } = await startClient(t);
  const names = ['SUMMER', '50 % off/?#', 'claim', '…', 'é\n'];
  for (const name of names) {
    await client.createCoupon({ name, amount: 3 });
    t.match(await client.claim(name, `a/${name}`), { ok: true });
    t.match(await client.getClaim(name, `a/${name}`), { position: 1, coupon_name: name });
    const holders = await client.getCoupon(name);
    t.same(holders.claimed_by, [`a/${name}`]);
    t.notOk('claimed_by' in (await client.getCoupon(name, { claimedBy: false })));
    const changed = await client.changeCoupon(name, { amount: 1, ends_at: '2999-01-01T00:00:00Z' });
    t.match(changed, { amount: 1, remaining_amount: 0, state: 'sold_out' });
    await t.rejects(client.createCoupon({ name, amount: 3 }), {
      code: 'coupon_exists',
      outcomeUnknown: false,
    });
    await t.rejects(client.deleteCoupon(name), { code: 'coupon_has_claims', status: 409 });
    await client.releaseClaim(name, `a/${name}`);
    await t.rejects(client.releaseClaim(name, `a/${name}`), { code: 'claim_not_found' });
    await t.rejects(client.getClaim(name, `a/${name}`), { code: 'claim_not_found' });
  }
  await client.createCoupon({ name: 'NEVER CLAIMED', amount: 1 });
  await client.deleteCoupon('NEVER CLAIMED');
  await t.rejects(client.deleteCoupon('NEVER CLAIMED'), { code: 'coupon_not_found', attempts: 1 });
  await assertBooksBalance(t, app.sql);
});

t.test('a change whose answer was lost is made once, and is no error', async (t) => {
  const { client, app, next } = await startClient(t);
  next.push('cut after');
  await client.createCoupon({ name: 'SUMMER', amount: 5, starts_at: '2020-01-01T00:00:00+00:00' });
  next.push('cut after');
  t.match(await client.changeCoupon('SUMMER', { amount: 6 }), { amount: 6 });
  await client.claim('SUMMER', 'ada');
  next.push('cut after');
  await client.releaseClaim('SUMMER', 'ada');
  await client.createCoupon({ name: 'WINTER', amount: 5 });
  next.push('cut after');
  await client.deleteCoupon('WINTER');
  t.match(await client.getCoupon('SUMMER'), { amount: 6, remaining_amount: 6, claimed_by: [] });
  const types = await app.sql<{ type: string }[]>`select type from events order by id`;
  t.same(
    types.map(({ type }) => type),
    ['coupon.created', 'coupon.changed', 'claim.made', 'claim.released', 'coupon.created', 'coupon.deleted'],
  );
  await assertBooksBalance(t, app.sql);
});

t.test('a coupon with other values is not taken for the one whose creation was lost', async (t) => {
  const { client, app, next } = await startClient(t);
  await app.createCoupon('SUMMER', 5);
  const exists = { code: 'coupon_exists', attempts: 2, outcomeUnknown: true };
  next.push('cut before');
  await t.rejects(client.createCoupon({ name: 'SUMMER', amount: 6 }), exists);
  next.push('cut before');
  const window = { ends_at: '2999-01-01T00:00:00Z' };
  await t.rejects(client.createCoupon({ name: 'SUMMER', amount: 5, ...window }), exists);
});

t.test('a key that may not read leaves open whose coupon exists', async (t) => {
  const keys = { ADMIN_API_KEYS: 'a-key-of-the-operator', READ_API_KEYS: 'a-key-to-read-with' };
  const { client, next } = await startClient(t, keys, 'a-key-of-the-operator');
  next.push('cut after');
  await t.rejects(client.createCoupon({ name: 'SUMMER', amount: 6 }), {
    code: 'coupon_exists',
    outcomeUnknown: true,
  });
});

t.test('a name that a URL cannot carry is refused before anything is sent', async (t) => {
  const { client, front } = await startClient(t);
  for (const name of ['', '.', '..']) {
    await t.rejects(
      client.releaseClaim('SUMMER', name),
      new RangeError(`a URL cannot carry the user_id "${name}"`),
    );
    await t.rejects(client.deleteCoupon(name), RangeError);
    await t.rejects(client.getCoupon(name), RangeError);
    await t.rejects(client.listClaims(name).next(), RangeError);
    await t.rejects(client.listUserClaims(name).next(), RangeError);
  }
  t.equal(front.requests.length, 0);
});

t.test('invalid options are refused at once', async (t) => {
  t.throws(() => createClient({ baseUrl: 'coupons' }), TypeError);
  t.throws(() => createClient({ baseUrl: 'http://127.0.0.1', timeoutMs: 0 }), RangeError);
  const client = createClient({ baseUrl: 'http://127.0.0.1' });
  await t.rejects(client.claim('SUMMER', 'ada', { deadlineMs: Number.NaN }), RangeError);
});
