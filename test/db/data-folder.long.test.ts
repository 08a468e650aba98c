import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { createDatabase } from '../../db/embedded/create-database.js';
import { explain, holdsDatabase, openDataFolder } from '../../db/embedded/data-folder.js';
import { startEmbeddedPostgres } from '../../db/embedded/embedded-postgres.js';
import { prepareInstallation } from '../../db/embedded/installation.js';
import { killPostmasterAfter, temporaryFolder } from '../support/own-postgres.js';
import { startService } from '../support/process.js';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;
const isLinux = process.platform === 'linux';

/** Runs `work` with the permissions of an ordinary user. */
async function asOrdinaryUser<T>(work: () => Promise<T>): Promise<T> {
  const id = isRoot ? Number((await run('id', ['-u', 'nobody'])).stdout) : undefined;
  if (id !== undefined) process.seteuid?.(id);
  try {
    return await work();
  } finally {
    if (id !== undefined) process.seteuid?.(0);
  }
}

/** Fails to use the folder. The message of the error that the service would report. */
async function refusal(folder: string, work: () => Promise<unknown>): Promise<string> {
  const error = await work().then(
    () => undefined,
    (error) => explain(error, folder),
  );
  return error instanceof Error ? error.message : 'no error';
}

t.test('exit code 1: a DATA_DIR that cannot be used is named, with the reason, in one line', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'file'), '');
  const cases: [string, string][] = [
    [join(folder, 'file'), 'a part of this path is not a folder'],
    [join(folder, 'file', 'below'), 'a part of this path is not a folder'],
    [join(folder, 'x'.repeat(300)), 'the path is too long'],
    // On such a path, the recursive mkdir of Node.js never returns.
    ...(isLinux
      ? [['/proc/foo', 'the file system does not allow new folders there'] as [string, string]]
      : []),
  ];
  await Promise.all(
    cases.map(async ([path, reason]) => {
      const service = startService(t, { DATA_DIR: path });
      t.equal(await service.exited(), 1, path);
      const fatal = service.log.filter(({ level }) => level >= 60);
      t.same(
        fatal.map(({ msg }) => msg),
        [`cannot keep PostgreSQL's data in ${path}: ${reason}; set DATA_DIR to another folder`],
      );
      t.same(service.output, [], 'and no stack');
    }),
  );
});

t.test('a path that is too long for PostgreSQL is refused, although the system accepts it', async (t) => {
  const folder = await temporaryFolder(t);
  const long = join(folder, ...Array.from({ length: 9 }, () => 'x'.repeat(100)));
  t.match(await refusal(long, () => startEmbeddedPostgres(long)), 'the path is too long');
});

t.test('a folder without write permission is refused', async (t) => {
  const folder = await temporaryFolder(t);
  await chmod(folder, 0o555);
  const below = join(folder, 'a', 'b');
  t.match(
    await asOrdinaryUser(() => refusal(below, () => openDataFolder(below))),
    'this user may not read and write there',
  );
});

t.test("another user's data are refused", async (t) => {
  const folder = await temporaryFolder(t);
  const installation = await prepareInstallation(folder, {}, () => {});
  await mkdir(installation.data);
  await chmod(installation.data, 0o000);
  t.match(
    await asOrdinaryUser(() => refusal(folder, () => holdsDatabase(installation))),
    'this user may not read and write there',
  );
});

t.test("another program's data are refused and left as they are", async (t) => {
  const folder = await temporaryFolder(t);
  const data = join(folder, 'postgres');
  await mkdir(data);
  await writeFile(join(data, 'PG_VERSION'), '18\n');
  t.match(await refusal(folder, () => startEmbeddedPostgres(folder)), `did not create the data in ${data}`);
  t.same(await readdir(folder), ['postgres']);
  t.same(await readdir(data), ['PG_VERSION']);
});

t.test('data of another major version of PostgreSQL are refused, with both versions', async (t) => {
  const folder = await temporaryFolder(t);
  const installation = await prepareInstallation(folder, {}, () => {});
  await mkdir(installation.data);
  await writeFile(join(installation.data, 'PG_VERSION'), '9\n');
  await writeFile(join(installation.data, 'service-password'), 'x');
  t.match(
    await refusal(folder, () => startEmbeddedPostgres(folder)),
    /: PostgreSQL 9 wrote the data, and PostgreSQL \d\d cannot read them; set DATA_DIR/,
  );
});

t.test('a folder behind a symbolic link can be used, a dangling link is refused', async (t) => {
  const folder = await temporaryFolder(t);
  await symlink(folder, join(folder, 'link'));
  await symlink(join(folder, 'nothing'), join(folder, 'dangling'));
  t.equal(await openDataFolder(join(folder, 'link', 'data')), join(folder, 'data'));
  t.match(await refusal('dangling', () => openDataFolder(join(folder, 'dangling'))), 'is not a folder');
});

t.test('if initdb fails, the error says why, and no incomplete data are left', async (t) => {
  const folder = await temporaryFolder(t);
  const installation = await prepareInstallation(folder, {}, () => {});
  // A program of PostgreSQL that does not know the options of initdb.
  const programs = { ...installation.programs, initdb: installation.programs.postgres };
  await t.rejects(createDatabase({ ...installation, programs }, new AbortController().signal), {
    message: `could not create the database in ${folder}: unrecognized configuration parameter`,
  });
  t.same(await readdir(folder), []);
});

/** Runs the service until it exits, with an empty file system of this kind as its DATA_DIR. */
async function runOnFileSystem(t: Test, options: string, prepare = ':'): Promise<string[]> {
  const folder = await temporaryFolder(t);
  const mountAndRun = `mount -t tmpfs -o ${options} tmpfs "$DATA_DIR" && ${prepare} && exec "$@"`;
  const service = [process.execPath, fileURLToPath(new URL('../../src/server.js', import.meta.url))];
  const { code, stdout } = await run('unshare', ['--mount', 'sh', '-c', mountAndRun, 'sh', ...service], {
    env: { ...process.env, DATA_DIR: folder, PORT: '0' },
  }).catch((error) => error);
  t.equal(code, 1);
  const lines: string[] = stdout.trim().split('\n');
  return lines.map((line) => JSON.parse(line)).flatMap(({ level, msg }) => (level >= 60 ? [msg] : []));
}

const canMount = await run('unshare', ['--mount', 'true']).then(
  () => true,
  () => false,
);

t.test('a file system', { skip: !canMount && 'this user may not mount file systems' }, async (t) => {
  t.test('that is read-only is refused', async (t) => {
    t.match(await runOnFileSystem(t, 'ro,mode=755'), [/the file system is read-only; set DATA_DIR/]);
  });

  t.test('that is too small for a new database is refused', async (t) => {
    t.match(await runOnFileSystem(t, 'size=20m,mode=755'), [/the disk is full; set DATA_DIR/]);
  });

  t.test('that is too full for an existing database is refused', async (t) => {
    const folder = await temporaryFolder(t);
    killPostmasterAfter(t, folder);
    await (await startEmbeddedPostgres(folder)).stop();
    const fill = `cp -a '${folder}/.' "$DATA_DIR"; dd if=/dev/zero of="$DATA_DIR/fill" bs=4k 2> /dev/null || :`;
    t.match(await runOnFileSystem(t, 'size=60m,mode=755', fill), [/the disk is full; set DATA_DIR/]);
  });
});
