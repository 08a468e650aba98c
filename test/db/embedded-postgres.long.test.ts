import { readFile, rename, stat, writeFile } from 'node:fs/promises';
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

async function dataFolder(t: Test): Promise<string> {
  const folder = await temporaryFolder(t);
  killPostmasterAfter(t, folder);
  return folder;
}

/** Tells whether the server answers on a new connection. */
async function answers(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, connect_timeout: 5 });
  return sql`select`
    .then(
      () => true,
      () => false,
    )
    .finally(() => sql.end({ timeout: 0 }));
}

t.test('without DATABASE_URL the service runs a database of its own, and keeps its data', async (t) => {
  const folder = await dataFolder(t);
  const first = startService(t, { DATA_DIR: folder });
  const client = await first.listening();
  t.match(await first.logged('the embedded PostgreSQL runs'), { msg: `its data are in ${folder}` });
  t.equal((await client.createCoupon('SUMMER', 5)).status, 201);
  t.equal((await client.claim('SUMMER', 'ada')).status, 200);
  t.ok(postmasterOf(folder));
  t.equal((await stat(join(folder, 'postgres', 'service-password'))).mode & 0o077, 0, 'a secret password');
  t.equal(await first.stop(), 0);
  t.equal(postmasterOf(folder), undefined, 'the database stops with the service');

  const second = startService(t, { DATA_DIR: folder });
  t.same((await (await second.listening()).getCoupon('SUMMER')).claimed_by, ['ada']);
  t.equal(await second.stop('SIGINT'), 0);
  t.equal(postmasterOf(folder), undefined);
});

t.test(
  'two services that start at once on an empty folder share a database, and the last one stops it',
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

t.test('the next service joins the database that a killed service left, and stops it', async (t) => {
  const folder = await dataFolder(t);
  const killed = startService(t, { DATA_DIR: folder });
  await (await killed.listening()).createCoupon('SUMMER', 5);
  t.equal(await killed.stop('SIGKILL'), 'SIGKILL');
  const postmaster = postmasterOf(folder);
  t.ok(postmaster, 'the database goes on');
  const next = startService(t, { DATA_DIR: folder });
  t.equal((await (await next.listening()).getCoupon('SUMMER')).amount, 5);
  t.equal(postmasterOf(folder), postmaster);
  t.equal(await next.stop(), 0);
  t.equal(postmasterOf(folder), undefined);
});

t.test('a lock file whose process ID another program has now does not prevent a start', async (t) => {
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
  t.ok(await answers(other.url), 'the other PostgreSQL still runs');
});

t.test('commits wait for the disk, but not for the filling of log segments with zeros', async (t) => {
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

t.test('the command line of a process can be read, even without /proc', async (t) => {
  t.match(await commandLineOf(process.pid), /node.* .*embedded-postgres\.long\.test\.js/);
  t.match(await commandLineOf(process.pid, '/nowhere'), /node.* .*embedded-postgres\.long\.test\.js/);
  t.equal(await commandLineOf(2 ** 30), undefined);
});

t.test('a server that dies is started again, on the same port', async (t) => {
  const folder = await dataFolder(t);
  const reports: string[] = [];
  const server = await startEmbeddedPostgres(folder, { onProgress: (message) => reports.push(message) });
  reports.length = 0;
  const dead = postmasterOf(folder) ?? 0;
  const sql = postgres(server.url, { max: 1, onnotice: () => {} });
  await sql`select`;
  // The connection is lost before the server is dead.
  process.kill(dead, 'SIGSTOP');
  await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where backend_type = 'client backend' and pid <> pg_backend_pid()`;
  await until('the loss', () => reports.length > 0);
  process.kill(dead, 'SIGKILL');
  await sql.end({ timeout: 0 });
  await until('a new server', async () => postmasterOf(folder) !== dead && (await answers(server.url)));
  t.same(reports, ['lost the connection to PostgreSQL', 'starting PostgreSQL']);
  await server.stop();
  t.equal(postmasterOf(folder), undefined);
});

t.test('a server that cannot be started again: the reason is reported, and the attempts go on', async (t) => {
  const folder = await dataFolder(t);
  const reports: string[] = [];
  const server = await startEmbeddedPostgres(folder, { onProgress: (message) => reports.push(message) });
  const password = join(folder, 'postgres', 'service-password');
  await rename(password, `${password}.away`);
  process.kill(postmasterOf(folder) ?? 0, 'SIGKILL');
  await until('a report', () => reports.some((report) => report.includes('did not create the data')));
  await rename(`${password}.away`, password);
  await until('a new server', () => answers(server.url));
  await server.stop();
  t.equal(postmasterOf(folder), undefined);
});

t.test('a stop while the server is being started again leaves no server behind', async (t) => {
  const folder = await dataFolder(t);
  const server = await startEmbeddedPostgres(folder);
  const dead = postmasterOf(folder) ?? 0;
  process.kill(dead, 'SIGKILL');
  await until('a new server', () => postmasterOf(folder) !== undefined && postmasterOf(folder) !== dead);
  await server.stop();
  t.equal(postmasterOf(folder), undefined);
});

t.test('if a server cannot start, the error shows the end of its log', async (t) => {
  const folder = await dataFolder(t);
  await t.rejects(startEmbeddedPostgres(folder, { settings: { shared_buffers: 'plenty' } }), {
    message: /did not start.*postgres\.log:\n.*invalid value for parameter "shared_buffers": "plenty"/s,
  });
});
