import { createHash } from 'node:crypto';
import t from 'tap';
import { startApp, type TestApp } from '../support/app.js';

const KEY = 'admin-0123456789';
const CHANGES = ['coupon created', 'coupon changed', 'coupon deleted', 'claim released'];

/** The lines about changes, without the members that all lines have. */
const changesIn = ({ log }: TestApp) =>
  log
    .filter(({ msg }) => CHANGES.includes(String(msg)))
    .map(({ time: _time, pid: _pid, hostname: _hostname, ...line }) => line);

t.test('each change by an administrator is one line: who, what, and from which to which value', async (t) => {
  const app = await startApp(t, { settings: { ADMIN_API_KEYS: KEY } });
  const headers = { Authorization: `Bearer ${KEY}`, 'X-Request-Id': 'monday' };
  const ask = async (method: string, path: string, body?: object) =>
    (await app.request(method, path, { headers, ...(body && { body }) })).status;
  const ends_at = '2999-01-01T00:00:00.000Z';

  t.equal(await ask('POST', '/api/coupons', { name: 'A', amount: 5, ends_at }), 201);
  t.equal(await ask('PATCH', '/api/coupons/A', { amount: 6, ends_at: null }), 200);
  t.equal((await app.claim('A', 'ada')).status, 200);
  t.equal(await ask('DELETE', '/api/coupons/A/claims/ada'), 204);
  t.equal(await ask('POST', '/api/coupons', { name: 'B', amount: 1 }), 201);
  t.equal(await ask('DELETE', '/api/coupons/B'), 204);

  const by = createHash('sha256').update(KEY).digest('hex').slice(0, 8);
  const line = { level: 30, reqId: 'monday', by, address: '127.0.0.1' };
  const a = { name: 'A', state: 'open' };
  t.same(changesIn(app), [
    { ...line, msg: 'coupon created', coupon: 'A', to: { amount: 5, ends_at } },
    {
      ...line,
      msg: 'coupon changed',
      coupon: 'A',
      from: { ...a, amount: 5, remaining_amount: 5, ends_at },
      to: { ...a, amount: 6, remaining_amount: 6 },
    },
    { ...line, msg: 'claim released', coupon: 'A', user: 'ada' },
    { ...line, msg: 'coupon created', coupon: 'B', to: { amount: 1 } },
    {
      ...line,
      msg: 'coupon deleted',
      coupon: 'B',
      from: { name: 'B', amount: 1, remaining_amount: 1, state: 'open' },
    },
  ]);
});

t.test('while the scope is open, anyone may have made a change', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('A', 5);
  t.match(changesIn(app), [{ by: 'anyone', address: '127.0.0.1', coupon: 'A' }]);
});

t.test('what changes nothing, and a claim, logs no change', async (t) => {
  const app = await startApp(t);
  await app.sql`insert into coupons (name, amount, remaining_amount) values ('A', 1, 1)`;
  const statuses = [
    await app.claim('A', 'ada'),
    await app.createCoupon('A', 5),
    await app.request('PATCH', '/api/coupons/B', { body: { amount: 2 } }),
    await app.request('DELETE', '/api/coupons/A'),
    await app.request('DELETE', '/api/coupons/A/claims/grace'),
  ].map(({ status }) => status);
  t.same(statuses, [200, 409, 404, 409, 404]);
  t.same(changesIn(app), []);
});
