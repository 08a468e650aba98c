import t from 'tap';
import { readAll, readPage } from '../support/events.js';
import { startProxy } from '../support/proxy.js';
import { auditShards, createShards, namesInEach, startShardedApp } from '../support/sharded.js';
import { until } from '../support/until.js';

t.test('a database that is down takes its own coupons with it, and no others', async (t) => {
  const databases = await createShards(t, { shards: 4, databases: 2 });
  const proxy = await startProxy(t, databases.urls[1]!);
  const urls = [databases.urls[0]!, proxy.url];
  const app = await startShardedApp(
    t,
    { ...databases, urls },
    { CLAIM_OUTCOME_TIMEOUT_MS: '500', CLAIM_WAIT_TIMEOUT_MS: '500' },
  );
  const names = namesInEach(databases, 1).flat();
  for (const name of names) await app.createCoupon(name, 10);
  const health = () => app.request('GET', '/health');
  await until('health', async () => (await health()).status === 200);
  const before = (await readPage(app)).next_cursor;

  await proxy.close();
  await until('ill health', async () => (await health()).status === 503);
  t.equal((await health()).json()['detail'], 'no answer from database 1');
  t.equal((await app.request('GET', '/health/ready')).status, 200, 'the others must be served');
  for (const [shard, name] of names.entries()) {
    const isDown = shard % 2 === 1;
    t.equal((await app.claim(name, 'ada')).status, isDown ? 503 : 200, `a claim in shard ${shard}`);
    const answer = await app.request('GET', `/api/coupons/${name}`);
    t.equal(answer.status, isDown ? 503 : 200, `a read in shard ${shard}`);
  }
  t.equal((await app.request('GET', '/api/coupons')).status, 503, 'a list would have a hole');
  const { items, next_cursor } = await readPage(app, { after: before });
  t.same(items.map(({ subject }) => subject).sort(), [names[0], names[2]].sort(), 'the events go on');
  t.ok(app.log.some(({ msg }) => msg === 'lost database 1'));

  await proxy.open();
  await until('health', async () => (await health()).status === 200);
  for (const name of names) t.match((await app.claim(name, 'bea')).status, 200);
  const late = await readAll(app, next_cursor);
  t.equal(late.length, 4, 'no event is lost');
  t.same(await auditShards(databases), []);
});

t.test('a database that hangs does not delay the events of the others', async (t) => {
  const databases = await createShards(t, { shards: 2, databases: 2 });
  const proxy = await startProxy(t, databases.urls[1]!);
  const app = await startShardedApp(t, { ...databases, urls: [databases.urls[0]!, proxy.url] });
  const [[name = ''] = []] = namesInEach(databases, 1);
  const { next_cursor: after } = await readPage(app, { after: 'now' });
  proxy.hold(true);
  await until('ill health', async () => (await app.request('GET', '/health')).status === 503);
  const waiting = readPage(app, { after, wait: 4 });
  await app.createCoupon(name, 1);
  t.same(
    (await waiting).items.map(({ subject }) => subject),
    [name],
  );
  proxy.hold(false);
});

t.test('the service starts without one of its databases, and serves the others', async (t) => {
  const databases = await createShards(t, { shards: 2, databases: 2 });
  const proxy = await startProxy(t, databases.urls[0]!);
  await proxy.close();
  const urls = [proxy.url, databases.urls[1]!];
  const app = await startShardedApp(t, { ...databases, urls });
  const [[lost = ''] = [], [served = ''] = []] = namesInEach(databases, 1);
  t.equal((await app.createCoupon(served, 1)).status, 201);
  t.equal((await app.createCoupon(lost, 1)).status, 503);
  await proxy.open();
  await until('the coupon', async () => (await app.createCoupon(lost, 1)).status === 201);
});
