import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import t, { type Test } from 'tap';
import { defaultDataFolder } from '../../db/embedded/data-folder.js';
import { startEmbeddedPostgres } from '../../db/embedded/embedded-postgres.js';
import { findPrograms, makeReachable } from '../../db/embedded/programs.js';
import { findServerUser } from '../../db/embedded/server-user.js';
import { killPostmasterAfter, temporaryFolder } from '../support/own-postgres.js';

const isRoot = process.getuid?.() === 0;

/**
 * Makes the code take the path of root, or of another user, whoever runs the tests. If the tests do
 * not run as root, the code hands files and processes over to the user that already has them.
 */
function pretendToBe(t: Test, uid: number): void {
  t.intercept(process, 'getuid', { value: () => uid });
}

t.test('on a platform without an embedded PostgreSQL, the error names DATABASE_URL', async (t) => {
  t.intercept(process, 'arch', { value: 'pdp11' });
  await t.rejects(findPrograms(), {
    message: /package @embedded-postgres\/\w+-pdp11 is not installed\): set DATABASE_URL/,
  });
});

t.test('the version of the programs is that of their package', async (t) => {
  const { postgres, version } = await findPrograms();
  const { stdout } = await promisify(execFile)(postgres, ['--version']);
  t.match(stdout, `(PostgreSQL) ${version.split('-')[0]?.split('.').slice(0, 2).join('.')}`);
});

t.test('an ordinary user runs PostgreSQL as itself and in place, even in a private folder', async (t) => {
  pretendToBe(t, 1000);
  t.equal(await findServerUser('/nowhere'), undefined);
  const programs = await findPrograms();
  t.equal(await makeReachable(programs, '/nowhere', undefined, t.fail), programs);
  t.equal(await defaultDataFolder('/root/checkout'), '/root/checkout/.data');
});

t.test('root runs PostgreSQL as nobody, or as the owner of existing data', async (t) => {
  pretendToBe(t, 0);
  const { stdout } = await promisify(execFile)('id', ['-u', 'nobody']);
  t.equal((await findServerUser('/nowhere'))?.uid, Number(stdout));
  const data = await temporaryFolder(t);
  if (isRoot) await chown(data, 4242, 4243);
  const { uid, gid } = await stat(data);
  t.same(await findServerUser(data), { uid, gid });
});

t.test('root: the server runs as another user', async (t) => {
  const folder = await temporaryFolder(t);
  killPostmasterAfter(t, folder);
  const data = join(folder, 'postgres');
  await mkdir(data);
  pretendToBe(t, 0);
  const server = await startEmbeddedPostgres(folder);
  const { uid } = await stat(join(data, 'PG_VERSION'));
  t.not(uid, 0);
  const sql = postgres(server.url, { max: 1 });
  t.same(await sql`select current_database() as name`, [{ name: 'coupons' }]);
  await sql.end();
  await server.stop();
});

t.test('root: a data folder that the server cannot enter is refused, and DATA_DIR is named', async (t) => {
  pretendToBe(t, 0);
  const folder = join(await temporaryFolder(t, 0o700), 'data');
  await t.rejects(startEmbeddedPostgres(folder), {
    message: /refuses to run as root.* \(\d+\) cannot enter this folder; set DATA_DIR to another folder/,
  });
});

t.test('root: if the server cannot enter the checkout, the data are kept in /var/lib', async (t) => {
  pretendToBe(t, 0);
  const closed = await temporaryFolder(t, 0o700);
  const folders = [
    await defaultDataFolder(join(closed, 'a')),
    await defaultDataFolder(join(closed, 'b')),
  ] as const;
  t.match(folders[0], /^\/var\/lib\/scalable-coupon-system\/[0-9a-f]{12}$/);
  t.not(folders[0], folders[1], 'each checkout has a folder of its own');
  const open = await temporaryFolder(t);
  t.equal(await defaultDataFolder(open), join(open, '.data'));
});

t.test('root: programs that the server cannot reach are copied, once for each version', async (t) => {
  const hidden = join(await temporaryFolder(t, 0o700), 'native');
  await mkdir(join(hidden, 'bin'), { recursive: true });
  for (const program of ['initdb', 'postgres']) {
    await writeFile(join(hidden, 'bin', program), '#!/bin/sh\nid -u\n');
    await chmod(join(hidden, 'bin', program), 0o755);
  }
  await symlink('initdb', join(hidden, 'bin', 'link'));
  const initdb = join(hidden, 'bin', 'initdb');
  const programs = { initdb, postgres: join(hidden, 'bin', 'postgres'), version: '18.4' };
  const folder = await temporaryFolder(t);
  const user = isRoot ? { uid: 4242, gid: 4243 } : await stat(folder);
  const reports: string[] = [];
  const reach = (version: string) =>
    makeReachable({ ...programs, version }, folder, user, (message) => reports.push(message));

  const reached = await reach('18.4');
  for (const program of [reached.initdb, reached.postgres]) {
    t.match(program, folder);
    t.equal((await stat(program)).uid, user.uid, 'the server owns the copy');
    const { stdout } = await promisify(execFile)(program, { uid: user.uid, gid: user.gid });
    t.equal(stdout, `${user.uid}\n`, 'the server can run it');
  }
  t.same(await reach('18.4'), reached);
  await reach('18.5');
  t.same(
    reports,
    ['18.4', '18.5'].map(
      (version) => `copying the PostgreSQL programs to ${join(folder, `postgresql-${version}`)}`,
    ),
  );
});
