import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { Api, needsKey, Refusal } from '../../src/console/api.js';
import { ServerClock } from '../../src/console/server-clock.js';
import { startApp } from '../support/app.js';

const { signal } = new AbortController();
const apiOf = (url: string) => new Api(url, new ServerClock());

/** What a call was refused with. */
async function refusal(t: Test, call: Promise<unknown>): Promise<Refusal> {
  const error = await call.then(
    () => t.fail('the call was not refused'),
    (error: unknown) => error,
  );
  if (error instanceof Refusal) return error;
  throw error;
}

t.test('each operation of the page does what it says', async (t) => {
  const app = await startApp(t);
  const api = apiOf(app.url);
  const name = 'a/b?c#d %2F';
  await api.createCoupon({ name, amount: 3 });
  await app.claim(name, 'ada & grace');
  const coupon = { name, amount: 5, remaining_amount: 4, state: 'open' };
  t.same(await api.changeCoupon(name, { amount: 5 }), coupon);
  t.same(await api.getCoupon(name, signal), coupon);
  t.same(await api.listCoupons(undefined, signal), { items: [coupon] });
  t.match(await api.listFirstClaims(name), [{ user_id: 'ada & grace' }]);
  t.match(await api.getClaim(name, 'ada & grace'), { position: 1 });
  t.match(await (await api.exportClaims(name)).text(), /^user_id,coupon_name,claimed_at\r\nada & grace,/);
  await api.releaseClaim(name, 'ada & grace');
  t.equal((await api.getCoupon(name, signal)).remaining_amount, 5);
});

t.test('a refusal has the sentence of the contract, its details, and how long to wait', async (t) => {
  const settings = { RATE_LIMIT_PER_SECOND: '1', ADMIN_API_KEYS: 'admin-0123456789' };
  const app = await startApp(t, { settings });
  const api = apiOf(app.url);
  const unknown = await refusal(t, api.createCoupon({ name: 'A', amount: 1 }));
  t.match(unknown, { status: 401, code: 'unauthorized', message: 'missing or unknown API key' });
  t.ok(needsKey(unknown));
  const calls = await Promise.all([1, 2, 3].map(() => api.getCoupon('A', signal).catch((error) => error)));
  const limited = calls.find(({ status }) => status === 429);
  t.match(limited, { code: 'rate_limited', retryAfterMs: 1000, detail: /./ });
  t.notOk(needsKey(limited));
});

t.test('an answer that is no problem is a refusal, too: of a proxy, say', async (t) => {
  const proxy = createServer((_, response) => response.writeHead(502).end('<h1>Bad gateway</h1>'));
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.teardown(() => proxy.close());
  const api = apiOf(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  const { status, code, message, retryAfterMs } = await refusal(t, api.getCoupon('A', signal));
  t.same([status, code, message, retryAfterMs], [502, 'unknown', 'the server answered with 502', undefined]);
});
