import t from 'tap';
import { type CollectedSpan, startCollector } from '../support/collector.js';
import { users } from '../support/crowd.js';
import { createDatabase } from '../support/database.js';
import { lockAwaited, lockCoupon } from '../support/locks.js';
import { startService } from '../support/process.js';
import { until } from '../support/until.js';

const CLAIM = 'POST /api/coupons/claim';
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

const attributeOf = ({ attributes }: CollectedSpan, key: string) => {
  const value = attributes.find((attribute) => attribute.key === key)?.value;
  return value?.stringValue ?? value?.intValue;
};

t.test('the span of a claim leads to the span of the batch that decided it', async (t) => {
  const { url, sql } = await createDatabase(t);
  const collector = await startCollector(t);
  const service = startService(t, {
    DATABASE_URL: url,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    CLAIM_LANES: '1',
  });
  const client = await service.listening();
  await client.createCoupon('SECRET', 10);
  // The first claim runs alone. Those that come meanwhile run in one batch behind it.
  const release = await lockCoupon(t, sql, 'SECRET');
  const first = client.claim('SECRET', 'secret-ada');
  await lockAwaited(sql);
  const others = users(5).map((user) => client.claim('SECRET', user));
  const traceparent = `00-${TRACE}-${PARENT}-01`;
  const body = { coupon_name: 'SECRET', user_id: 'secret-ada' };
  const traced = client.request('POST', '/api/coupons/claim', { body, headers: { traceparent } });
  await client.request('GET', '/health/live');
  await release();
  const answers = await Promise.all([first, ...others, traced]);
  t.same(
    answers.map(({ status }) => status),
    [200, 200, 200, 200, 200, 200, 409],
  );
  t.equal(await service.stop(), 0);

  const { spans } = collector;
  const claims = spans.filter(({ name }) => name === CLAIM);
  const batches = spans.filter(({ name }) => name === 'claim');
  t.equal(claims.length, 7);
  t.equal(
    batches.reduce((sum, batch) => sum + Number(attributeOf(batch, 'db.operation.batch.size')), 0),
    7,
  );
  for (const batch of batches) {
    const linked = claims.filter(({ links }) => links?.some(({ spanId }) => spanId === batch.spanId));
    t.equal(linked.length, attributeOf(batch, 'db.operation.batch.size'), 'its claims lead to it');
  }
  const child = claims.find(({ traceId }) => traceId === TRACE);
  t.match(child, { parentSpanId: PARENT, links: [{ traceId: String }] });
  t.equal(attributeOf(child!, 'error.type'), 'already_claimed');
  t.equal(attributeOf(child!, 'http.response.status_code'), 409);
  t.equal(attributeOf(child!, 'coupon.request_id'), answers.at(-1)?.headers.get('x-request-id'));
  t.notMatch(collector.text(), /secret/i, 'no span holds what a client sent');
  t.match(collector.text(), '"stringValue":"coupons"');
});

t.test('a failed batch is an error, and so are its requests', async (t) => {
  const { url, sql } = await createDatabase(t);
  const collector = await startCollector(t);
  const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, LOCK_TIMEOUT_MS: '50' };
  const service = startService(t, { DATABASE_URL: url, ...settings });
  const client = await service.listening();
  await client.createCoupon('A', 1);
  const release = await lockCoupon(t, sql, 'A');
  t.equal((await client.claim('A', 'ada')).status, 503);
  await release();
  t.equal(await service.stop(), 0);
  const ERROR = 2;
  for (const name of [CLAIM, 'claim']) {
    t.equal(collector.spans.find((span) => span.name === name)?.status.code, ERROR, name);
  }
  const { traceId } = collector.spans.find(({ name }) => name === 'POST /api/coupons')!;
  const line = service.log.find(({ msg }) => msg === 'coupon created');
  t.equal(line?.['trace_id'], traceId, 'lines of the log about a request name its trace');
});

t.test('a request that its sender does not sample has no span', async (t) => {
  const { url } = await createDatabase(t);
  const collector = await startCollector(t);
  const service = startService(t, { DATABASE_URL: url, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  const client = await service.listening();
  await client.createCoupon('A', 1);
  const headers = { traceparent: `00-${TRACE}-${PARENT}-00` };
  const body = { coupon_name: 'A', user_id: 'ada' };
  t.equal((await client.request('POST', '/api/coupons/claim', { body, headers })).status, 200);
  t.equal(await service.stop(), 0);
  t.same(
    collector.spans.map(({ name }) => name),
    ['POST /api/coupons'],
  );
});

t.test(
  'a collector that fails costs one line of the log, another one when it is back, and no answer',
  async (t) => {
    const { url } = await createDatabase(t);
    const collector = await startCollector(t);
    collector.isRefusing = true;
    const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '20' };
    const service = startService(t, { DATABASE_URL: url, ...settings });
    const client = await service.listening();
    const live = () => client.request('GET', '/health/live');
    for (const expected of [1, 2, 3]) {
      t.equal((await live()).status, 200);
      await until('another attempt', () => collector.refused >= expected);
    }
    collector.isRefusing = false;
    await live();
    await service.logged('traces are sent again');
    t.equal(await service.stop(), 0);
    t.same(
      service.log.flatMap(({ msg }) => /^traces are .*sent/.exec(msg) ?? []),
      ['traces are not sent', 'traces are sent'],
    );
  },
);

t.test('a stop does not wait long for a collector that is away', async (t) => {
  const { url } = await createDatabase(t);
  const service = startService(t, { DATABASE_URL: url, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
  const client = await service.listening();
  t.equal((await client.request('GET', '/health/live')).status, 200);
  t.equal(await service.stop(), 0);
});
