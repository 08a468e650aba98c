import pino from 'pino';
import t, { type Test } from 'tap';
import { readConfig } from '../../src/config.js';
import { databaseUrls } from '../../src/database/hosts.js';
import { connectShards } from '../../src/shards/connect.js';
import { divided } from '../support/all-shards.js';
import { startApp } from '../support/app.js';
import { createDatabase } from '../support/database.js';
import { startProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

/** Collects the log lines of a database client that nobody uses. */
async function watch(t: Test, url: string) {
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line).msg) });
  const config = readConfig(divided({ DATABASE_URL: url }));
  const shards = connectShards(databaseUrls(config), config, logger);
  t.teardown(() => shards.close());
  return { lines, database: shards.servers[0]! };
}

t.test('the service logs, without any request, when it loses the database and when it is back', async (t) => {
  const { url } = await createDatabase(t);
  const proxy = await startProxy(t, url);
  const { lines, database } = await watch(t, proxy.url);
  await until('a healthy database', () => database.isHealthy());
  await proxy.close();
  await until('a line', () => lines.length > 0);
  await proxy.open();
  await until('another line', () => lines.length > 1);
  t.equal(lines[0], 'lost the database');
  t.match(lines[1], /^the database is back after \d+\.\d s$/);
  t.equal(lines.length, 2);
});

t.test('a database that never answered is not lost', async (t) => {
  const { lines, database } = await watch(t, 'postgres://127.0.0.1:1/none');
  for (let i = 0; i < 3; i++) t.equal(await database.isHealthy(), false);
  t.same(lines, []);
});

t.test('a connection that ends by itself is no loss', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('A', 5);
  const ended = await app.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'scalable-coupon-system'`;
  t.ok(ended.length > 0);
  await until('health', async () => (await app.request('GET', '/health')).status === 200);
  t.equal((await app.claim('A', 'ada')).status, 200);
  t.notOk(app.log.some(({ msg }) => msg === 'lost the database'));
});
