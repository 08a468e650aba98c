import t from 'tap';
import { users } from '../support/crowd.js';
import { createDatabase } from '../support/database.js';
import { lockAwaited, lockCoupon } from '../support/locks.js';
import { metricsUrl, scrape, seriesOf } from '../support/metrics.js';
import { startService } from '../support/process.js';
import { startProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

t.test('a client that leaves is measured, too', async (t) => {
  const { url, sql } = await createDatabase(t);
  const service = startService(t, { DATABASE_URL: url, METRICS_PORT: '0' });
  const client = await service.listening();
  await client.createCoupon('A', 1);
  const release = await lockCoupon(t, sql, 'A');
  const leaving = new AbortController();
  const body = JSON.stringify({ coupon_name: 'A', user_id: 'ada' });
  const headers = { 'content-type': 'application/json' };
  const claim = fetch(`${client.url}/api/coupons/claim`, {
    method: 'POST',
    body,
    headers,
    signal: leaving.signal,
  });
  await lockAwaited(sql);
  leaving.abort();
  await t.rejects(claim);
  await release();
  const claims = 'http_request_method="POST",http_route="/api/coupons/claim"';
  const series = `http_server_request_duration_seconds_count{${claims},http_response_status_code="499"}`;
  await until('the claim', async () => (await scrape(service)).get(series) === 1);
  await until('its row', async () => (await sql`select from claims`).length === 1);
  t.equal(await service.stop(), 0);
  t.match(service.log.find(({ claims }) => claims)?.['claims'], { outcomes: { claimed: 1 } });
});

t.test('a scrape does not wait for a database that hangs', async (t) => {
  const { url } = await createDatabase(t);
  const proxy = await startProxy(t, url);
  const workers = { WEB_CONCURRENCY: '2', DATABASE_CONNECTIONS_MAX: '7', CLAIM_LANES: '1' };
  for (const settings of [{}, workers]) {
    const service = startService(t, { DATABASE_URL: proxy.url, METRICS_PORT: '0', ...settings });
    await service.listening();
    const up = async () => (await scrape(service)).get('coupon_database_up');
    await until('the database', async () => (await up()) === 1);
    proxy.hold(true);
    await until('the news that it is gone', async () => (await up()) === 0);
    t.notOk((await scrape(service)).has('coupon_database_size_bytes'), 'what nobody knows is absent');
    proxy.hold(false);
    t.equal(await service.stop(), 0);
  }
});

t.test('a port that is taken ends the start, and names the setting', async (t) => {
  const { url } = await createDatabase(t);
  const first = startService(t, { DATABASE_URL: url, METRICS_PORT: '0' });
  const { port } = new URL(await metricsUrl(first));
  const second = startService(t, { DATABASE_URL: url, METRICS_PORT: port });
  t.equal(await second.exited(), 1);
  t.match(second.log.at(-2)?.msg, `cannot listen on METRICS_PORT ${port} of HOST 127.0.0.1: EADDRINUSE`);
});

t.test('without a database, the metrics say so', async (t) => {
  const service = startService(t, { DATABASE_URL: 'postgres://127.0.0.1:1/coupons', METRICS_PORT: '0' });
  await service.logged('waiting for the database');
  const metrics = await scrape(service);
  t.equal(metrics.get('coupon_database_up'), 0);
  t.notOk(metrics.has('coupon_database_size_bytes'), 'what nobody knows is absent');
});

t.test('several processes are summed up, also those that have died', async (t) => {
  const { url } = await createDatabase(t);
  const settings = {
    DATABASE_URL: url,
    METRICS_PORT: '0',
    WEB_CONCURRENCY: '2',
    DATABASE_CONNECTIONS_MAX: '7',
  };
  const service = startService(t, { ...settings, CLAIM_LANES: '1' });
  const client = await service.listening();
  const served = async () => (await scrape(service)).get('coupon_workers');
  await until('both workers', async () => (await served()) === 2);
  await client.createCoupon('A', 50);
  // Each request has a connection of its own, so that both have work.
  const crowd = users(60);
  await Promise.all(crowd.map((user) => client.claim('A', user)));
  const decided = async () => {
    const series = seriesOf(await scrape(service), 'coupon_claims_total');
    return [series['{outcome="claimed"}'], series['{outcome="out_of_stock"}']];
  };
  t.same(await decided(), [50, 10]);
  const pids = service.log.map(({ pid }) => pid).filter((pid) => typeof pid === 'number');
  process.kill(pids[0]!, 'SIGKILL');
  await service.logged('starting another');
  t.same(await decided(), [50, 10]);
  const metrics = await scrape(service);
  t.equal(metrics.get('coupon_worker_deaths_total'), 1);
  t.equal(metrics.get('coupon_database_up'), 1, 'what all say alike is no sum');
  t.equal(await service.stop(), 0);
});
