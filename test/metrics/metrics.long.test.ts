import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { projectRoot } from '../../db/project-root.js';
import { createDatabase, UNDIVIDED } from '../support/database.js';
import { metricsUrl, scrape, seriesOf } from '../support/metrics.js';
import { startService } from '../support/process.js';
import { openRawConnection } from '../support/raw-connection.js';

t.test('what was answered and decided is counted', async (t) => {
  const { url } = await createDatabase(t);
  const service = startService(t, { DATABASE_URL: url, METRICS_PORT: '0' });
  const client = await service.listening();
  const writes =
    'db_client_operation_duration_seconds_count{db_system_name="postgresql",db_operation_name="write",error_type=""}';
  const writesAtStart = (await scrape(service)).get(writes) ?? 0;
  await client.createCoupon('SECRET-COUPON', 2);
  for (const user of ['secret-ada', 'grace', 'alan', 'grace', '']) await client.claim('SECRET-COUPON', user);
  await client.request('GET', '/no/secret/path');
  await client.request('PUT', '/api/coupons');
  await client.getCoupon('SECRET-COUPON');
  const metrics = await scrape(service);

  t.match(seriesOf(metrics, 'coupon_claims_total'), {
    '{outcome="claimed"}': 2,
    '{outcome="out_of_stock"}': 1,
    '{outcome="already_claimed"}': 1,
    '{outcome="sale_ended"}': 0,
  });
  const claims = 'http_request_method="POST",http_route="/api/coupons/claim"';
  t.match(seriesOf(metrics, 'http_server_request_duration_seconds_count'), {
    [`{${claims},http_response_status_code="200"}`]: 2,
    [`{${claims},http_response_status_code="400"}`]: 2,
    [`{${claims},http_response_status_code="409"}`]: 1,
    '{http_request_method="GET",http_route="/api/coupons/:name",http_response_status_code="200"}': 1,
    '{http_request_method="GET",http_route="",http_response_status_code="404"}': 1,
    '{http_request_method="PUT",http_route="/api/coupons",http_response_status_code="405"}': 1,
  });
  t.match(seriesOf(metrics, 'coupon_problems_total'), {
    '{http_route="/api/coupons/claim",code="out_of_stock"}': 1,
    '{http_route="/api/coupons/claim",code="already_claimed"}': 1,
    '{http_route="/api/coupons/claim",code="invalid_request"}': 1,
    '{http_route="/api/coupons/claim",code="overloaded"}': 0,
    '{http_route="",code="path_not_found"}': 1,
  });
  t.equal(metrics.get('coupon_claim_batch_size_sum'), 4);
  t.equal(metrics.get('coupon_claim_batch_size_count'), 4);
  t.equal(metrics.get('coupon_database_up'), 1);
  t.equal(metrics.get('coupon_claims_waiting{lane="0"}'), 0);
  t.equal(metrics.get(writes)! - writesAtStart, 1);
  t.notMatch([...metrics.keys()].join('\n'), /secret/i, 'no label holds what a client sent');
});

t.test('a request with undecided claims counts as one problem', async (t) => {
  const { url } = await createDatabase(t);
  const settings = { CLAIMS_WAITING_MAX: '2', CLAIM_LANES: '1' };
  const service = startService(t, { DATABASE_URL: url, METRICS_PORT: '0', ...settings });
  const client = await service.listening();
  await client.createCoupon('SALE', 5);
  const claims = ['ada', 'grace', 'alan', 'edsger'].map((user_id) => ({ user_id, coupon_name: 'SALE' }));
  t.equal((await client.request('POST', '/api/claims', { body: { claims } })).status, 200);
  const metrics = await scrape(service);
  t.match(seriesOf(metrics, 'coupon_claims_total'), { '{outcome="claimed"}': 2 });
  t.match(seriesOf(metrics, 'coupon_problems_total'), {
    '{http_route="/api/claims",code="overloaded"}': 1,
    '{http_route="/api/claims",code="outcome_unknown"}': 0,
  });
});

t.test('a transaction that stays open is measured, as long as it is', async (t) => {
  const { url, sql } = await createDatabase(t, { shape: UNDIVIDED });
  await sql`insert into coupons values ('OPEN', 5, 5)`;
  const service = startService(t, { DATABASE_URL: url, METRICS_PORT: '0' });
  await service.listening();
  const seconds = async () => (await scrape(service)).get('coupon_database_oldest_transaction_seconds')!;
  t.ok((await seconds()) < 0.5);
  for (const statements of [
    'begin isolation level repeatable read; select from coupons',
    'begin; update coupons set amount = amount',
  ]) {
    const other = await sql.reserve();
    await other.unsafe(statements);
    await sleep(1_000);
    t.ok((await seconds()) >= 1, statements);
    await other`rollback`;
    other.release();
    t.ok((await seconds()) < 0.5);
  }
});

t.test('what is refused before it has a path is counted, and summed up in the log', async (t) => {
  const { url } = await createDatabase(t);
  const service = startService(t, { DATABASE_URL: url, METRICS_PORT: '0' });
  const client = await service.listening();
  const refused = {
    malformed_http: 'GET / HTTP/9.9\r\n\r\n',
    headers_too_large: `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
    not_implemented: 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n',
  };
  for (const text of Object.values(refused)) {
    const connection = openRawConnection(client.url);
    connection.send(text);
    await connection.closed();
  }
  t.match(
    seriesOf(await scrape(service), 'coupon_problems_total'),
    Object.fromEntries(Object.keys(refused).map((code) => [`{http_route="",code="${code}"}`, 1])),
  );
  t.equal(await service.stop(), 0);
  const errors = service.log.map(({ errors }) => errors as Record<string, number> | undefined);
  for (const code of Object.keys(refused)) {
    t.equal(
      errors.reduce((sum, counts) => sum + (counts?.[code] ?? 0), 0),
      1,
      code,
    );
  }
});

t.test('METRICS_HOST is the address of the metrics alone', async (t) => {
  const { url } = await createDatabase(t);
  const start = (settings: Record<string, string>) =>
    startService(t, { DATABASE_URL: url, METRICS_PORT: '0', ...settings });
  const service = start({ METRICS_HOST: '127.0.0.1' });
  await scrape(service);
  const failing = start({ METRICS_HOST: 'host.invalid' });
  t.equal(await failing.exited(), 1);
  t.match(
    JSON.stringify(failing.log) + failing.output.join('\n'),
    /cannot listen on METRICS_PORT 0 of METRICS_HOST host\.invalid: (ENOTFOUND|EAI_AGAIN)/,
  );
});

t.test('metrics are on their own port only, which serves nothing else', async (t) => {
  const { url } = await createDatabase(t);
  const service = startService(t, { DATABASE_URL: url, METRICS_PORT: '0' });
  const client = await service.listening();
  t.equal((await client.request('GET', '/metrics')).status, 404);
  const metrics = await metricsUrl(service);
  for (const path of ['/', '/health', '/metrics/x', '/api/coupons']) {
    t.equal((await fetch(metrics + path)).status, 404, path);
  }
  t.equal((await fetch(`${metrics}/metrics`, { method: 'POST' })).status, 404);
  const { status, headers } = await fetch(`${metrics}/metrics?x=1`);
  t.equal(status, 200);
  t.equal(headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  t.equal(await service.stop(), 0);
});

t.test('docs/metrics.md lists what there is', async (t) => {
  const { url } = await createDatabase(t);
  const service = startService(t, { DATABASE_URL: url, METRICS_PORT: '0' });
  await (await service.listening()).createCoupon('A', 1);
  const text = await (await fetch(`${await metricsUrl(service)}/metrics`)).text();
  const exported = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
  const page = readFileSync(join(projectRoot, 'docs/metrics.md'), 'utf8');
  const listed = [...page.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name!);
  const ofRuntime = /^(process|nodejs)_/;
  t.same(
    exported.filter((name) => !ofRuntime.test(name) && !listed.includes(name)),
    [],
    'nothing is missing on the page',
  );
  const elsewhere = /^coupon_(embedded|worker|relay_(active|deliveries))/;
  t.same(
    listed.filter((name) => !elsewhere.test(name) && !exported.includes(name)),
    [],
    'nothing is on the page that does not exist',
  );
});
