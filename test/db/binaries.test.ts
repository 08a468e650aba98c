import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import t, { type Test } from 'tap';
import { findBinaries, reachableBinaries, serverUser } from '../../db/embedded/binaries.js';
import { defaultDataFolder, startEmbeddedPostgres } from '../../db/embedded/embedded-postgres.js';
import { killPostmasterAfter, temporaryFolder } from '../support/own-postgres.js';

t.setTimeout(120_000);

const isRoot = process.getuid?.() === 0;

/** Root's ways are gone by any user who is told to be root; what only root may do is then done to itself. */
function pretendToBe(t: Test, uid: number): void {
  t.intercept(process, 'getuid', { value: () => uid });
}

t.test('a platform without binaries is told to set DATABASE_URL', async (t) => {
  t.intercept(process, 'arch', { value: 'pdp11' });
  await t.rejects(findBinaries(), {
    message: /package @embedded-postgres\/\w+-pdp11 is not installed\): set DATABASE_URL/,
  });
});

t.test(
  'an ordinary user runs PostgreSQL as itself, where it is installed, also in a private folder',
  async (t) => {
    pretendToBe(t, 1000);
    t.equal(await serverUser('/nowhere'), undefined);
    const binaries = await findBinaries();
    t.equal(await reachableBinaries(binaries, '/nowhere', undefined), binaries);
    t.equal(await defaultDataFolder('/root/checkout'), '/root/checkout/.data');
  },
);

t.test('root runs PostgreSQL as nobody, or as the owner of the data that are there', async (t) => {
  pretendToBe(t, 0);
  const { stdout } = await promisify(execFile)('id', ['-u', 'nobody']);
  t.equal((await serverUser('/nowhere'))?.uid, Number(stdout));
  const data = await temporaryFolder(t);
  if (isRoot) await chown(data, 4242, 4243);
  const { uid, gid } = await stat(data);
  t.same(await serverUser(data), { uid, gid });
});

t.test('root: the server runs with the rights of another user', async (t) => {
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

t.test('root: a data folder that the server could not enter is refused, and DATA_DIR is named', async (t) => {
  pretendToBe(t, 0);
  const folder = join(await temporaryFolder(t, 0o700), 'data');
  await t.rejects(startEmbeddedPostgres(folder), {
    message: /does not run as root.*cannot enter .*data: set DATA_DIR to a folder that every user can enter/,
  });
});

t.test('root: the data of a checkout that the server could not enter are kept in /var/lib', async (t) => {
  pretendToBe(t, 0);
  const closed = await temporaryFolder(t, 0o700);
  t.match(await defaultDataFolder(join(closed, 'a')), /^\/var\/lib\/scalable-coupon-system\/[0-9a-f]{12}$/);
  t.not(
    await defaultDataFolder(join(closed, 'a')),
    await defaultDataFolder(join(closed, 'b')),
    'each its own',
  );
  const open = await temporaryFolder(t);
  t.equal(await defaultDataFolder(open), join(open, '.data'));
});

t.test('root: binaries that the server could not reach are copied once, for it to own and run', async (t) => {
  const hidden = join(await temporaryFolder(t, 0o700), 'native');
  await mkdir(join(hidden, 'bin'), { recursive: true });
  for (const program of ['initdb', 'postgres']) {
    await writeFile(join(hidden, 'bin', program), '#!/bin/sh\nid -u\n');
    await chmod(join(hidden, 'bin', program), 0o755);
  }
  await symlink('initdb', join(hidden, 'bin', 'link'));
  const binaries = { initdb: join(hidden, 'bin', 'initdb'), postgres: join(hidden, 'bin', 'postgres') };
  const folder = await temporaryFolder(t);
  const { uid, gid } = isRoot ? { uid: 4242, gid: 4243 } : await stat(folder);
  const reached = await reachableBinaries(binaries, folder, { uid, gid });
  for (const program of Object.values(reached)) {
    t.match(program, folder);
    t.equal((await stat(program)).uid, uid);
    t.equal((await promisify(execFile)(program, { uid, gid })).stdout, `${uid}\n`);
  }
  const { ino } = await stat(join(folder, 'postgresql'));
  t.same(await reachableBinaries(binaries, folder, { uid, gid }), reached);
  t.equal((await stat(join(folder, 'postgresql'))).ino, ino);
});
