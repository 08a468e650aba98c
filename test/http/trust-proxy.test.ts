import t, { type Test } from 'tap';
import { startApp } from '../support/app.js';
import { until } from '../support/until.js';

/** Returns the address in the log of a change whose request brought this X-Forwarded-For. */
async function addressFinder(t: Test, settings: Record<string, string>) {
  const app = await startApp(t, { settings });
  let count = 0;
  return async (forwarded: string) => {
    const coupon = `coupon-${++count}`;
    const headers = { 'X-Forwarded-For': forwarded };
    await app.request('POST', '/api/coupons', { headers, body: { name: coupon, amount: 1 } });
    return app.log.find((line) => line['coupon'] === coupon)?.['address'];
  };
}

t.test('by default, nobody chooses its address', async (t) => {
  const addressOf = await addressFinder(t, {});
  t.equal(await addressOf('192.0.2.7'), '127.0.0.1');
});

t.test('the client is the last address that is not one of the balancers', async (t) => {
  for (const balancers of ['127.0.0.1, 10.0.0.0/8', 'loopback,uniquelocal']) {
    const addressOf = await addressFinder(t, { TRUST_PROXY: balancers });
    t.equal(await addressOf('192.0.2.7'), '192.0.2.7');
    t.equal(await addressOf('198.51.100.1, 192.0.2.7, 10.1.2.3'), '192.0.2.7');
    t.equal(await addressOf('2001:db8::7'), '2001:db8::7');
  }
});

t.test('a client that is no balancer does not choose its address', async (t) => {
  const addressOf = await addressFinder(t, { TRUST_PROXY: '10.0.0.0/8,::1' });
  t.equal(await addressOf('192.0.2.7'), '127.0.0.1');
});

t.test('true believes the first address of everyone', async (t) => {
  const addressOf = await addressFinder(t, { TRUST_PROXY: 'true' });
  t.equal(await addressOf('192.0.2.7, 192.0.2.8'), '192.0.2.7');
});

t.test('what is no address is not believed', async (t) => {
  const addressOf = await addressFinder(t, { TRUST_PROXY: 'true' });
  for (const text of ['unknown', '192.0.2.7:80', 'x'.repeat(5_000)])
    t.equal(await addressOf(text), '127.0.0.1');
});

t.test('clients behind a balancer are limited each by itself', async (t) => {
  const settings = { TRUST_PROXY: 'loopback', RATE_LIMIT_PER_SECOND: '1' };
  const app = await startApp(t, { settings });
  const statusOf = async (client: string) => {
    const headers = { 'X-Forwarded-For': client };
    return (await app.request('GET', '/api/coupons/A', { headers })).status;
  };
  let host = 0;
  const sendFromNetwork = () => statusOf(`2001:db8::${++host}`);
  await until('a limited network', async () => (await sendFromNetwork()) === 429);
  t.equal(await statusOf('192.0.2.7'), 404);
});
