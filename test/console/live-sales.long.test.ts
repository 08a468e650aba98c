import t, { type Test } from 'tap';
import { type Connection, LiveSales } from '../../src/console/live-sales.js';
import { type Client, createClient, startApp } from '../support/app.js';
import { claimAll, users } from '../support/crowd.js';
import { createDatabase, UNDIVIDED } from '../support/database.js';
import { startService } from '../support/process.js';
import { startProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

/** What the console knows, without its page. */
function watch(t: Test, url: string, times?: ConstructorParameters<typeof LiveSales>[2]) {
  const connections: Connection[] = [];
  const live = new LiveSales(
    url,
    { onChange: () => {}, onConnection: (connection) => connections.push(connection) },
    times,
  );
  const ended = live.run();
  t.teardown(() => {
    live.stop();
    return ended;
  });
  return { live, connections, isLive: () => connections.at(-1) === 'live' && live.isLoaded };
}

/** Waits until the page has the numbers of the server, which do not change any more. */
async function agrees(t: Test, { live }: { live: LiveSales }, client: Client, name: string) {
  const { remaining_amount, amount } = await client.getCoupon(name);
  const isShown = () => {
    const coupon = live.sales.get(name)?.coupon;
    return coupon?.remaining_amount === remaining_amount && coupon.amount === amount;
  };
  t.ok(await until(`${remaining_amount} of ${amount}`, isShown), `${remaining_amount} of ${amount} are left`);
}

const claims = (name: string, from: number, to: number) =>
  users(to)
    .slice(from)
    .map((user): [string, string] => [name, user]);

t.test('what was there, and what comes, is shown as the server has it', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('OLD', 5);
  await app.claim('OLD', 'ada');
  const page = watch(t, app.url);
  await until('the list', () => page.isLive());
  await agrees(t, page, app, 'OLD');
  t.equal(page.live.sales.get('OLD')?.latest.length, 0, 'the log before is not read');

  await app.createCoupon('NEW', 300);
  await claimAll([app], claims('NEW', 0, 400));
  await agrees(t, page, app, 'NEW');
  t.equal(page.live.sales.get('NEW')?.coupon.state, 'sold_out');
  await app.request('DELETE', '/api/coupons/NEW/claims/user-0');
  await app.request('PATCH', '/api/coupons/NEW', { body: { amount: 310 } });
  await agrees(t, page, app, 'NEW');
  const starts_at = new Date(Date.now() + 700).toISOString();
  await app.request('POST', '/api/coupons', { body: { name: 'SOON', amount: 1, starts_at } });
  await until('a sale to come', () => page.live.sales.get('SOON')?.coupon.state === 'scheduled');
  await until('its start', () => {
    page.live.tick();
    return page.live.sales.get('SOON')?.coupon.state === 'open';
  });
  await app.request('DELETE', '/api/coupons/SOON');
  await until('a coupon that is gone', () => !page.live.sales.get('SOON'));
});

t.test('the numbers are right after the connection broke and another server came', async (t) => {
  const { url } = await createDatabase(t);
  const first = startService(t, { DATABASE_URL: url });
  const before = await first.listening();
  const proxy = await startProxy(t, before.url);
  const page = watch(t, `http://127.0.0.1:${proxy.port}`);
  await before.createCoupon('A', 500);
  await before.createCoupon('GONE', 1);
  await until('the list', () => page.isLive() && page.live.sales.get('GONE'));
  await claimAll([before], claims('A', 0, 100));
  proxy.cut();
  await claimAll([before], claims('A', 100, 200));
  await agrees(t, page, before, 'A');

  await proxy.close();
  await first.stop('SIGKILL');
  const second = startService(t, { DATABASE_URL: url });
  const after = await second.listening();
  await claimAll([after], claims('A', 200, 300));
  await after.request('PATCH', '/api/coupons/A', { body: { amount: 600 } });
  await after.request('DELETE', '/api/coupons/GONE');
  proxy.lead(Number(new URL(after.url).port));
  await proxy.open();
  await agrees(t, page, after, 'A');
  await until('a coupon that is gone', () => !page.live.sales.get('GONE'));
  const counted = () => {
    const { sales } = page.live;
    const { seconds } = sales.get('A')!.history!.series(0, Math.floor(Date.now() / 1000));
    return seconds.reduce((sum, second) => sum + sales.claimsIn(second, 'A'), 0);
  };
  await after.claim('A', 'the last one');
  await until('the last claim', () => page.live.sales.get('A')?.latest.at(-1)?.userId === 'the last one');
  t.equal(counted(), 301, 'each claim was counted once');
  t.ok(page.connections.includes('lost'));
  await second.stop();
  await until('the end of the stream', () => page.connections.at(-1) === 'lost');
});

t.test('a stream that is silent is broken: the computer slept, or the network is gone', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('A', 50);
  const proxy = await startProxy(t, app.url);
  const page = watch(t, `http://127.0.0.1:${proxy.port}`, { silenceMsMax: 500, breakMsMax: 60_000 });
  await until('the list', () => page.isLive());
  proxy.halfOpen();
  await claimAll([app], claims('A', 0, 20));
  await agrees(t, page, app, 'A');
});

t.test('after a long break, or with a cursor that expired, the page begins anew', async (t) => {
  const app = await startApp(t, { shape: UNDIVIDED });
  await app.createCoupon('A', 50);
  const proxy = await startProxy(t, app.url);
  const patient = watch(t, `http://127.0.0.1:${proxy.port}`);
  const impatient = watch(t, `http://127.0.0.1:${proxy.port}`, { silenceMsMax: 25_000, breakMsMax: -1 });
  await until('the lists', () => patient.isLive() && impatient.isLive());
  await app.claim('A', 'ada');
  await until('a claim', () => [patient, impatient].every(({ live }) => live.sales.get('A')?.latest.length));
  proxy.cut();
  await until('news of a new beginning', () => impatient.live.sales.get('A')?.latest.length === 0);
  t.equal(patient.live.sales.get('A')?.latest.length, 1, 'after a short break it goes on');

  await app.sql`update event_log set epoch = default`;
  proxy.cut();
  await until('another log', () => patient.live.sales.get('A')?.latest.length === 0);
  await app.claim('A', 'grace');
  for (const page of [patient, impatient]) await agrees(t, page, app, 'A');
});

t.test('without a key that may read, the page says so, and works with the next key', async (t) => {
  const READ_API_KEYS = 'read-01234567890';
  const app = await startApp(t, { settings: { READ_API_KEYS } });
  await app.createCoupon('A', 5);
  const page = watch(t, app.url);
  await until('a refusal', () => page.connections.at(-1) === 'closed');
  page.live.api.key = 'another-0123456789';
  page.live.follower.restart();
  page.live.api.key = READ_API_KEYS;
  page.live.follower.restart();
  await until('the list', () => page.isLive() && page.live.sales.get('A'));
  t.same(page.live.sales.names, ['A']);
});

t.test('a coupon whose name browsers take out of a path is read with the list', async (t) => {
  const app = await startApp(t);
  const page = watch(t, app.url);
  await until('the list', () => page.isLive());
  await app.createCoupon('..', 5);
  await until('the coupon', () => page.live.sales.get('..'));
  page.live.select('..');
  await app.claim('..', 'ada');
  await until('the claim', () => page.live.sales.get('..')?.coupon.remaining_amount === 4);
  t.same(page.live.sales.names, ['..'], 'and is not taken for one that is gone');
});

t.test('with thousands of coupons that change at once, the list is read, in pages', async (t) => {
  const app = await startApp(t);
  const page = watch(t, app.url);
  await app.sql`
    insert into coupons (name, amount, remaining_amount)
    select 'coupon-' || number, 5, 5 from generate_series(1, 2500) as number`;
  await until('the list', () => page.isLive());
  page.live.reader.readAll();
  page.live.select('coupon-7');
  await until('all coupons', () => page.live.sales.names.length === 2500);
  const names = Array.from({ length: 60 }, (_, i): [string, string] => [`coupon-${40 * i + 1}`, 'ada']);
  await claimAll([createClient(t, app.url)], names);
  await until('all claims', () =>
    names.every(([name]) => page.live.sales.get(name)?.coupon.remaining_amount === 4),
  );
  t.equal(page.live.sales.isCut, false);
});

t.test('beyond its capacity the page keeps what it has, and says that there are more', async (t) => {
  const app = await startApp(t);
  await app.sql`
    insert into coupons (name, amount, remaining_amount)
    select 'coupon-' || number, 5, 5 from generate_series(10001, 21500) as number`;
  const page = watch(t, app.url);
  await until('the list', () => page.isLive());
  t.equal(page.live.sales.isCut, true);
  t.equal(page.live.sales.names.length, 10_000);
  page.live.select('coupon-21500');
  await until('a coupon from behind', () => page.live.sales.get('coupon-21500'));
});

t.test('the page waits as long as the server asks it to', async (t) => {
  const app = await startApp(t, { settings: { EVENT_FOLLOWERS_MAX: '1' } });
  await app.createCoupon('A', 5);
  const stream = new AbortController();
  await fetch(`${app.url}/api/events`, { headers: { Accept: 'text/event-stream' }, signal: stream.signal });
  const page = watch(t, app.url);
  await until('a refusal', () => page.connections.at(-1) === 'lost');
  await until('the list, without a stream', () => page.live.sales.get('A'));
  stream.abort();
  page.live.follower.wake();
  await until('the stream', () => page.isLive());
  await app.claim('A', 'ada');
  await agrees(t, page, app, 'A');
});

t.test(
  'a read that is refused while the stream lives: the next one that is not shows a live page again',
  async (t) => {
    const key = 'read-01234567890';
    const app = await startApp(t, { settings: { READ_API_KEYS: key } });
    await app.sql`insert into coupons values ('SUMMER', 5, 5)`;
    const page = watch(t, app.url);
    page.live.api.key = key;
    await until('the list', () => page.isLive());
    page.live.api.key = 'read-of-yesterday';
    page.live.select('SUMMER');
    await until('a refusal', () => page.connections.at(-1) === 'closed');
    page.live.api.key = key;
    await until('a live page', () => page.isLive());
    t.equal(page.connections.filter((connection) => connection === 'lost').length, 0);
  },
);
