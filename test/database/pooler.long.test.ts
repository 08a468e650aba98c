import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import t from 'tap';
import { problemIn, startApp } from '../support/app.js';
import { createDatabase } from '../support/database.js';
import { startService } from '../support/process.js';

t.test('DATABASE_POOLER: everything works without session settings', async (t) => {
  const app = await startApp(t, { settings: { DATABASE_POOLER: 'true' } });
  await app.createCoupon('SUMMER', 2);
  for (const [user, status] of [
    ['ada', 200],
    ['ada', 409],
    ['grace', 200],
    ['alan', 400],
  ] as const) {
    t.equal((await app.claim('SUMMER', user)).status, status);
  }
  t.same((await app.getCoupon('SUMMER')).claimed_by, ['ada', 'grace']);
  t.equal((await app.request('GET', '/api/coupons/SUMMER/claims/ada')).json()['position'], 1);
  t.equal((await app.request('GET', '/health')).status, 200);
  await app.sql`insert into coupons values ('HUGE', 20000, 15000)`;
  await app.sql`
    insert into claims (user_id, coupon_name) select number, 'HUGE' from generate_series(1, 5000) as number`;
  const coupons = await Promise.all(Array.from({ length: 10 }, () => app.getCoupon('HUGE')));
  t.ok(
    coupons.every((coupon) => coupon.claimed_by.length === 5000),
    'long answers, too',
  );
});

t.test('DATABASE_POOLER: the time-outs travel with each transaction', async (t) => {
  const app = await startApp(t, { settings: { DATABASE_POOLER: 'true', LOCK_TIMEOUT_MS: '100' } });
  await app.createCoupon('SUMMER', 2);
  const other = await app.sql.reserve();
  await other`begin`;
  await other`select from coupons where name = 'SUMMER' for update`;
  const answer = await app.claim('SUMMER', 'ada');
  t.equal(answer.status, 503);
  t.equal(problemIn(answer).code, 'database_unavailable');
  await other`rollback`;
  other.release();
  t.equal((await app.claim('SUMMER', 'ada')).status, 200);
});

/** What pgbouncer answers to a session setting at the start of a connection. */
function refusal(): Buffer {
  const fields = ['SFATAL', 'VFATAL', 'C08P01', 'Munsupported startup parameter: statement_timeout', ''];
  const text = Buffer.from(fields.map((field) => `${field}\0`).join(''));
  const head = Buffer.alloc(5, 'E');
  head.writeInt32BE(text.length + 4, 1);
  return Buffer.concat([head, text]);
}

t.test('exit code 1: a pooler that refuses our settings is named, and so is DATABASE_POOLER', async (t) => {
  const pooler = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(refusal()));
  }).listen(0, '127.0.0.1');
  t.teardown(() => pooler.close());
  await once(pooler, 'listening');
  const { port } = pooler.address() as AddressInfo;
  const service = startService(t, { DATABASE_URL: `postgres://ada@127.0.0.1:${port}/coupons` });
  t.equal(await service.exited(), 1);
  t.match(await service.logged('pooler'), { level: 60, msg: /set DATABASE_POOLER=true$/ });
});

t.test('several hosts: the service works with the one that is there', async (t) => {
  const { url } = await createDatabase(t);
  const hosts = new URL(url).host;
  for (const list of [`${hosts},127.0.0.1:1`, `127.0.0.1:1,${hosts}`]) {
    const service = startService(t, { DATABASE_URL: url.replace(hosts, list) });
    const client = await service.listening();
    t.equal((await client.request('GET', '/health')).status, 200);
    t.equal(await service.stop(), 0);
  }
});
