import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import t, { type Test } from 'tap';
import { startEmbeddedPostgres } from '../../db/embedded/embedded-postgres.js';
import { commandLineOf } from '../../db/embedded/postmaster.js';
import {
  killPostmasterAfter,
  postmasterOf,
  startOwnPostgres,
  temporaryFolder,
} from '../support/own-postgres.js';
import { startService } from '../support/process.js';
import { until } from '../support/until.js';

t.setTimeout(180_000);

async function dataFolder(t: Test): Promise<string> {
  const folder = await temporaryFolder(t);
  killPostmasterAfter(t, folder);
  return folder;
}

/** Asks the server of the URL, on a connection that is not kept. */
async function answers(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, connect_timeout: 5 });
  return sql`select`
    .then(
      () => true,
      () => false,
    )
    .finally(() => sql.end({ timeout: 0 }));
}

t.test('without DATABASE_URL the service brings its own database, whose data outlive it', async (t) => {
  const folder = await dataFolder(t);
  const first = startService(t, { DATA_DIR: folder });
  const client = await first.listening();
  t.match(await first.logged('the embedded PostgreSQL runs'), { msg: `its data are in ${folder}` });
  t.equal((await client.createCoupon('SUMMER', 5)).status, 201);
  t.equal((await client.claim('SUMMER', 'ada')).status, 200);
  t.ok(postmasterOf(folder));
  t.equal((await stat(join(folder, 'postgres', 'service-password'))).mode & 0o077, 0, 'a secret password');
  t.equal(await first.stop(), 0);
  t.equal(postmasterOf(folder), undefined, 'its end is the end of the database');

  const second = startService(t, { DATA_DIR: folder });
  t.same((await (await second.listening()).getCoupon('SUMMER')).claimed_by, ['ada']);
  t.equal(await second.stop('SIGINT'), 0);
  t.equal(postmasterOf(folder), undefined);
});

t.test(
  'two services that start at once on an empty folder share a database; the last one stops it',
  async (t) => {
    const folder = await dataFolder(t);
    const services = [startService(t, { DATA_DIR: folder }), startService(t, { DATA_DIR: folder })] as const;
    const [one, other] = await Promise.all([services[0].listening(), services[1].listening()]);
    t.equal((await one.createCoupon('SUMMER', 5)).status, 201);
    t.equal((await other.getCoupon('SUMMER')).amount, 5);
    const postmaster = postmasterOf(folder);
    t.equal(await services[0].stop(), 0);
    t.equal(postmasterOf(folder), postmaster);
    t.equal((await other.claim('SUMMER', 'ada')).status, 200);
    t.equal(await services[1].stop(), 0);
    t.equal(postmasterOf(folder), undefined);
  },
);

t.test('a database whose service was killed is joined by the next one, and stopped by it', async (t) => {
  const folder = await dataFolder(t);
  const killed = startService(t, { DATA_DIR: folder });
  await (await killed.listening()).createCoupon('SUMMER', 5);
  t.equal(await killed.stop('SIGKILL'), 'SIGKILL');
  const postmaster = postmasterOf(folder);
  t.ok(postmaster, 'it goes on');
  const next = startService(t, { DATA_DIR: folder });
  t.equal((await (await next.listening()).getCoupon('SUMMER')).amount, 5);
  t.equal(postmasterOf(folder), postmaster);
  t.equal(await next.stop(), 0);
  t.equal(postmasterOf(folder), undefined);
});

t.test('a lock file whose process number another program has now is no obstacle', async (t) => {
  const folder = await dataFolder(t);
  const lockFile = join(folder, 'postgres', 'postmaster.pid');
  const server = await startEmbeddedPostgres(folder);
  const [, ...lines] = (await readFile(lockFile, 'utf8')).split('\n');
  await server.stop();
  const other = await startOwnPostgres(t);
  const programs = { 'this test': process.pid, 'another PostgreSQL': other.postmaster() };
  for (const [program, pid] of Object.entries(programs)) {
    await writeFile(lockFile, [pid, ...lines].join('\n'));
    const again = await startEmbeddedPostgres(folder);
    t.ok(await answers(again.url), program);
    await again.stop();
  }
  t.ok(await answers(other.url), 'the other PostgreSQL has been left alone');
});

t.test('commits wait for the disk, but not for a log that is filled with zeros', async (t) => {
  const server = await startEmbeddedPostgres(await dataFolder(t));
  const sql = postgres(server.url, { max: 1 });
  t.teardown(() => sql.end().then(server.stop));
  const settings = await sql`
    select name, setting from pg_settings
    where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'wal_init_zero')`;
  t.same(Object.fromEntries(settings.map(({ name, setting }) => [name, setting])), {
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    wal_init_zero: 'off',
  });
});

t.test('a process is known by what it was started with, also where there is no /proc', async (t) => {
  t.match(await commandLineOf(process.pid), /node.* .*embedded-postgres\.test\.ts/);
  t.match(await commandLineOf(process.pid, '/nowhere'), /node.* .*embedded-postgres\.test\.ts/);
  t.equal(await commandLineOf(2 ** 30), undefined);
});

t.test('a server that dies is started again on its port', async (t) => {
  const folder = await dataFolder(t);
  const server = await startEmbeddedPostgres(folder);
  const dead = postmasterOf(folder) ?? 0;
  process.kill(dead, 'SIGKILL');
  await until('a new server', async () => postmasterOf(folder) !== dead && (await answers(server.url)));
  await server.stop();
  t.equal(postmasterOf(folder), undefined);
});

t.test('a stop while the server is started again leaves no server behind', async (t) => {
  const folder = await dataFolder(t);
  const server = await startEmbeddedPostgres(folder);
  const dead = postmasterOf(folder) ?? 0;
  process.kill(dead, 'SIGKILL');
  await until('a new server', () => postmasterOf(folder) !== undefined && postmasterOf(folder) !== dead);
  await server.stop();
  t.equal(postmasterOf(folder), undefined);
});

t.test('a server that cannot start: an error within a minute, with what the server said last', async (t) => {
  const folder = await dataFolder(t);
  const begin = Date.now();
  await t.rejects(startEmbeddedPostgres(folder, { shared_buffers: 'plenty' }), {
    message: /did not start.*postgres\.log:\n.*invalid value for parameter "shared_buffers": "plenty"/s,
  });
  t.ok(Date.now() - begin < 60_000);
});
