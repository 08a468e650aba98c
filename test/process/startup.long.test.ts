import t, { type Test } from 'tap';
import { type Client, countStatuses, problemIn } from '../support/app.js';
import { coupons } from '../support/crowd.js';
import { createDatabase } from '../support/database.js';
import { startService } from '../support/process.js';
import { startProxy } from '../support/proxy.js';
import { takePort } from '../support/taken-port.js';
import { until } from '../support/until.js';

t.test('exit code 1: the error names an invalid setting, and not its value', async (t) => {
  const settings = [
    ['PORT', 'abc'],
    ['PORT', '65536'],
    ['LOG_LEVEL', 'loud'],
    ['DATABASE_URL', 'mysql://ada:s3cret@localhost/coupons'],
    ['STATEMENT_TIMEOUT_MS', '0'],
  ] as const;
  await Promise.all(
    settings.map(async ([name, value]) => {
      const service = startService(t, { [name]: value });
      t.equal(await service.exited(), 1, `${name}=${value}`);
      t.same(service.log, []);
      t.equal(service.output.length, 1, 'the output is one line');
      t.match(service.output[0], `invalid setting: ${name} must `);
      t.notMatch(service.output[0], 's3cret');
    }),
  );
});

t.test('exit code 1: the error names a port that is in use, and its setting', async (t) => {
  const { url } = await createDatabase(t);
  const port = await takePort(t);
  const service = startService(t, { DATABASE_URL: url, PORT: String(port) });
  t.equal(await service.exited(), 1);
  t.match(await service.logged('PORT'), {
    level: 60,
    msg: `PORT ${port} is in use: set PORT to another port`,
  });
});

t.test('exit code 1: the error names a HOST that the service cannot listen on', async (t) => {
  const { url } = await createDatabase(t);
  for (const [host, sentence] of [
    ['192.0.2.1', 'HOST 192.0.2.1 is not an address of this machine: set HOST to one of its addresses'],
    ['nowhere.invalid', 'HOST nowhere.invalid cannot be resolved: set HOST to an address of this machine'],
  ] as const) {
    const service = startService(t, { DATABASE_URL: url, HOST: host });
    t.equal(await service.exited(), 1);
    t.match(await service.logged(host), { level: 60, msg: sentence });
  }
});

t.test('a service on all addresses logs its port once, and no address to try', async (t) => {
  const { url } = await createDatabase(t);
  const service = startService(t, { DATABASE_URL: url, HOST: '0.0.0.0' });
  await service.logged('listening on port');
  t.equal(await service.stop(), 0);
  const lines = service.log.map(({ msg }) => msg).filter((msg) => /listening|try:/.test(msg));
  t.match(lines, [/^listening on port \d+ of all addresses$/]);
  t.equal(lines.length, 1);
});

t.test(
  'exit code 1: foreign tables in the database stay untouched, and the error names the migration',
  async (t) => {
    const { url, sql } = await createDatabase(t, { migrated: false });
    await sql`create table coupons (note text)`;
    const service = startService(t, { DATABASE_URL: url });
    t.equal(await service.exited(), 1);
    t.match(await service.logged('refuses'), {
      level: 60,
      msg: /migration 0001_\w+\.sql: relation "coupons"/,
    });
    t.same(await sql`select tablename from pg_tables where schemaname = 'public'`, [
      { tablename: 'coupons' },
    ]);
  },
);

t.test('the service warns of the default password, and of no other', async (t) => {
  const start = (password: string) =>
    startService(t, { DATABASE_URL: `postgres://coupons:${password}@127.0.0.1:1/coupons` });
  const [byDefault, own] = [start('coupons'), start('coupon')];
  await Promise.all([byDefault.listening(), own.listening()]);
  t.match(await byDefault.logged('default password'), { level: 40, msg: /POSTGRES_PASSWORD/ });
  t.equal(await byDefault.stop(), 0);
  t.notOk(own.log.some((line) => line.msg.includes('password')));
});

/** Checks the answers of all endpoints without the database. */
async function assertUnavailable(t: Test, client: Client) {
  const health = await client.request('GET', '/health');
  t.equal(health.status, 503);
  t.equal(health.text, '{"status":"unhealthy","error":"database connection failed"}');
  const answers = await Promise.all([
    client.createCoupon('SUMMER', 5),
    client.claim('SUMMER', 'ada'),
    client.request('GET', '/api/coupons/SUMMER'),
  ]);
  for (const answer of answers) {
    t.equal(answer.status, 503);
    t.equal(problemIn(answer).code, 'database_unavailable');
    t.equal(answer.headers.get('retry-after'), '1');
  }
}

/** Waits until the service is healthy, and checks that it works. */
async function assertWorks(t: Test, client: Client) {
  await until('a healthy service', async () => (await client.request('GET', '/health')).status === 200);
  t.equal((await client.createCoupon('SUMMER', 5)).status, 201);
  t.equal((await client.claim('SUMMER', 'ada')).status, 200);
  t.same((await client.getCoupon('SUMMER')).claimed_by, ['ada']);
}

t.test('requests get 503 until the database listens, and then succeed', async (t) => {
  const { url } = await createDatabase(t, { migrated: false });
  const proxy = await startProxy(t, url);
  await proxy.close();
  const service = startService(t, { DATABASE_URL: proxy.url });
  const client = await service.listening();
  await assertUnavailable(t, client);
  await proxy.open();
  await assertWorks(t, client);
  t.match(await service.logged('the database is ready'), { level: 30 });
  t.equal(await service.stop(), 0);
});

t.test('requests get 503 until the database exists, and then succeed', async (t) => {
  const { url, sql } = await createDatabase(t);
  const later = new URL(url);
  later.pathname += '_later';
  const name = later.pathname.slice(1);
  const service = startService(t, { DATABASE_URL: later.href });
  const client = await service.listening();
  t.match(await service.logged('waiting for the database'), { level: 40, msg: `"${name}" does not exist` });
  await assertUnavailable(t, client);
  await sql`create database ${sql(name)}`;
  await assertWorks(t, client);
  t.equal(await service.stop(), 0);
  await sql`drop database ${sql(name)}`;
});

t.test('a service waits for its database, also while writes fill its connections', async (t) => {
  const { url } = await createDatabase(t, { migrated: false });
  const proxy = await startProxy(t, url);
  proxy.hold(true);
  const service = startService(t, { DATABASE_URL: proxy.url });
  const client = await service.listening();
  const writes = await Promise.all(coupons(20).map((name) => client.createCoupon(name, 5)));
  t.same(countStatuses(writes), { 503: 20 });
  t.match(await service.logged('the request waited too long'), {
    level: 40,
    msg: 'waiting for the database',
  });
  proxy.hold(false);
  await assertWorks(t, client);
  t.equal(await service.stop(), 0);
});

t.test('exit code 0: a service that waits for its database stops', async (t) => {
  const service = startService(t, { DATABASE_URL: 'postgres://ada@127.0.0.1:1/coupons' });
  await service.listening();
  await service.logged('waiting for the database');
  t.equal(await service.stop(), 0);
});
