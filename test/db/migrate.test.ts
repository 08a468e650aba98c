import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres, { type Sql } from 'postgres';
import t, { type Test } from 'tap';
import { MigrationRefused, migrate } from '../../db/migrate.js';
import { projectRoot } from '../../db/project-root.js';
import { createDatabase, UNDIVIDED } from '../support/database.js';
import { temporaryFolder } from '../support/own-postgres.js';
import { until } from '../support/until.js';

const NAMES = (await readdir(join(projectRoot, 'db', 'migrations'))).sort();
const TABLES = [
  'claims',
  'coupons',
  'dead_letters',
  'event_log',
  'events',
  'relay',
  'released_claims',
  'schema_migrations',
];

async function migrations(t: Test, files: Record<string, string>): Promise<string> {
  const folder = await temporaryFolder(t);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

async function tables(sql: Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select tablename as name from pg_tables where schemaname = 'public' order by name`;
  return rows.map((row) => row.name);
}

t.test('ten servers at once apply each migration once', async (t) => {
  const { url, sql } = await createDatabase(t, { shape: UNDIVIDED, migrated: false, connectionsMax: 1 });
  const servers = Array.from({ length: 10 }, () => postgres(url, { max: 1, onnotice: () => {} }));
  t.teardown(() => Promise.all(servers.map((server) => server.end())));
  const applied = await Promise.all(servers.map((server) => migrate(server)));
  t.same(applied.flat().sort(), NAMES);
  t.same(await tables(sql), TABLES);
  t.match(
    await sql`select * from schema_migrations order by name`,
    NAMES.map((name) => ({ name, applied_at: Date, checksum: /^[0-9a-f]{64}$/ })),
  );
});

t.test('a database that has all migrations does not change', async (t) => {
  const { sql } = await createDatabase(t, { shape: UNDIVIDED, connectionsMax: 1 });
  await sql`insert into coupons values ('SUMMER', 5, 5)`;
  t.same(await migrate(sql), []);
  t.same(await sql`select name from coupons`, [{ name: 'SUMMER' }]);
});

t.test(
  'migrations are applied in the order of their names, also those that come later, and no other files',
  async (t) => {
    const { sql } = await createDatabase(t, { shape: UNDIVIDED, migrated: false, connectionsMax: 1 });
    const folder = await migrations(t, {
      '0010_c.sql': 'insert into steps (note) values (10)',
      '0002_b.sql': 'insert into steps (note) values (2)',
      '0001_a.sql': 'create table steps (number serial, note integer); insert into steps (note) values (1)',
      'README.md': 'no SQL',
    });
    t.same(await migrate(sql, { folder }), ['0001_a.sql', '0002_b.sql', '0010_c.sql']);
    await writeFile(join(folder, '0011_d.sql'), 'insert into steps (note) values (11)');
    await writeFile(join(folder, '0003_late.sql'), 'insert into steps (note) values (3)');
    t.same(await migrate(sql, { folder }), ['0003_late.sql', '0011_d.sql']);
    const steps = await sql<{ note: number }[]>`select note from steps order by number`;
    t.same(
      steps.map((step) => step.note),
      [1, 2, 10, 3, 11],
    );
  },
);

t.test('a database that a newer server has migrated further is accepted', async (t) => {
  const { sql } = await createDatabase(t, { shape: UNDIVIDED, connectionsMax: 1 });
  await sql`insert into schema_migrations (name) values ('9999_of_a_newer_server.sql')`;
  const notices: string[] = [];
  t.same(await migrate(sql, { onNotice: (notice) => notices.push(notice) }), []);
  t.same(notices, ['a newer version has migrated the database: 9999_of_a_newer_server.sql']);
});

t.test(
  'a migration that waits for a reader gives way to claims, and ends when the reader does',
  async (t) => {
    const { url, sql } = await createDatabase(t, { shape: UNDIVIDED, connectionsMax: 2 });
    const folder = await migrations(t, { '9000_a.sql': 'alter table coupons add column note text' });
    const backup = postgres(url, { max: 1, onnotice: () => {} });
    t.teardown(() => backup.end());
    await backup`begin`;
    await backup`select from coupons`;
    const notices: string[] = [];
    const migrator = postgres(url, { max: 1, onnotice: () => {} });
    t.teardown(() => migrator.end());
    let applied: string[] | undefined;
    const migration = migrate(migrator, { folder, onNotice: (notice) => notices.push(notice) }).then(
      (names) => {
        applied = names;
      },
    );
    await until('the migration to give way', () => notices.length > 1);
    await sql`insert into coupons (name, amount, remaining_amount) values ('SALE', 5, 5)`;
    t.equal(applied, undefined, 'a claim is served although the migration is not done');
    t.match(notices, [/^a newer version/, /^a migration waits for others that use its tables/]);
    await backup`commit`;
    await migration;
    t.same(applied, ['9000_a.sql']);
  },
);

/** Creates the table of version 0.1, which records no checksums, with these rows. */
async function createOldTable(sql: Sql, ...names: string[]): Promise<void> {
  await sql`
    create table schema_migrations (
      name text primary key,
      applied_at timestamptz not null default now()
    )`;
  for (const name of names) await sql`insert into schema_migrations (name) values (${name})`;
}

async function checksums(sql: Sql): Promise<(string | null)[]> {
  const rows = await sql<{ checksum: string | null }[]>`select checksum from schema_migrations order by name`;
  return rows.map((row) => row.checksum);
}

t.test('a file that was changed after it was applied is refused, and nothing is applied', async (t) => {
  const { sql } = await createDatabase(t, { shape: UNDIVIDED, migrated: false, connectionsMax: 1 });
  const folder = await migrations(t, { '0001_a.sql': 'create table a (note text)' });
  await migrate(sql, { folder });
  await writeFile(join(folder, '0001_a.sql'), 'create table a (note text) -- edited');
  await writeFile(join(folder, '0002_b.sql'), 'create table b (note text)');
  const error = await migrate(sql, { folder }).catch((error) => error);
  t.type(error, MigrationRefused);
  t.equal(
    error.message,
    'migration 0001_a.sql was changed after it was applied to this database: restore the file, and put the change into a new migration',
  );
  t.same(await tables(sql), ['a', 'schema_migrations']);
  await writeFile(join(folder, '0001_a.sql'), 'create table a (note text)');
  t.same(await migrate(sql, { folder }), ['0002_b.sql'], 'the restored file is accepted');
});

t.test('other line endings are no change of a file', async (t) => {
  const { sql } = await createDatabase(t, { shape: UNDIVIDED, migrated: false, connectionsMax: 1 });
  const folder = await migrations(t, { '0001_a.sql': 'create table a (\n  note text\n);\n' });
  await migrate(sql, { folder });
  await writeFile(join(folder, '0001_a.sql'), 'create table a (\r\n  note text\r\n);\r\n');
  t.same(await migrate(sql, { folder }), []);
});

t.test('a database of version 0.1 gets its checksums at the first start', async (t) => {
  const { sql } = await createDatabase(t, { shape: UNDIVIDED, migrated: false, connectionsMax: 1 });
  const folder = await migrations(t, {
    '0001_a.sql': 'select 1',
    '0002_b.sql': 'create table b (note text)',
  });
  await createOldTable(sql, '0001_a.sql', '9999_of_a_newer_server.sql');
  t.same(await migrate(sql, { folder }), ['0002_b.sql']);
  t.match(await checksums(sql), [/^[0-9a-f]{64}$/, /^[0-9a-f]{64}$/, null]);
  await writeFile(join(folder, '0001_a.sql'), 'select 2');
  await t.rejects(migrate(sql, { folder }), { message: 'migration 0001_a.sql was changed' });
});

t.test('a server of version 0.1 can still migrate, and the next start adds the checksum', async (t) => {
  const { sql } = await createDatabase(t, { shape: UNDIVIDED, migrated: false, connectionsMax: 1 });
  const folder = await migrations(t, { '0001_a.sql': 'create table a (note text)' });
  await migrate(sql, { folder });
  await writeFile(join(folder, '0002_b.sql'), 'create table b (note text)');
  // What that server does with a pending migration.
  await sql`create table if not exists schema_migrations (
    name text primary key, applied_at timestamptz not null default now())`;
  await sql`create table b (note text)`;
  await sql`insert into schema_migrations (name) values ('0002_b.sql')`;
  t.same((await checksums(sql))[1], null);
  t.same(await migrate(sql, { folder }), []);
  t.match((await checksums(sql))[1], /^[0-9a-f]{64}$/);
});

t.test('ten servers at once upgrade a database of version 0.1', async (t) => {
  const { url, sql } = await createDatabase(t, { shape: UNDIVIDED, migrated: false, connectionsMax: 1 });
  const folder = await migrations(t, {
    '0001_a.sql': 'select 1',
    '0002_b.sql': 'create table b (note text)',
  });
  await createOldTable(sql, '0001_a.sql');
  const servers = Array.from({ length: 10 }, () => postgres(url, { max: 1, onnotice: () => {} }));
  t.teardown(() => Promise.all(servers.map((server) => server.end())));
  const applied = await Promise.all(servers.map((server) => migrate(server, { folder })));
  t.same(applied.flat(), ['0002_b.sql']);
  t.match(await checksums(sql), [/^[0-9a-f]{64}$/, /^[0-9a-f]{64}$/]);
});

t.test('a start does not wait for a running backup', async (t) => {
  const { url, sql } = await createDatabase(t, { shape: UNDIVIDED, connectionsMax: 1 });
  const backup = postgres(url, { max: 1, onnotice: () => {} });
  t.teardown(() => backup.end());
  await backup`begin`;
  await backup`lock table schema_migrations in access share mode`;
  t.same(await migrate(sql), []);
  await backup`rollback`;
});

t.test(
  'if the database refuses a migration, the error names it, and those before it stay applied',
  async (t) => {
    const { sql } = await createDatabase(t, { shape: UNDIVIDED, migrated: false, connectionsMax: 1 });
    const folder = await migrations(t, {
      '0001_good.sql': 'create table good (note text)',
      '0002_bad.sql': 'create table half (note text); create tabel whole (note text)',
      '0003_good.sql': 'create table more (note text)',
    });
    const error = await migrate(sql, { folder }).catch((error) => error);
    t.type(error, MigrationRefused);
    t.match(error.message, 'the database refuses migration 0002_bad.sql: syntax error at or near "tabel"');
    t.type(error.cause, postgres.PostgresError);
    t.same(await tables(sql), ['good', 'schema_migrations'], 'nothing of the bad one');
    await writeFile(join(folder, '0002_bad.sql'), 'create table whole (note text)');
    t.same(await migrate(sql, { folder }), ['0002_bad.sql', '0003_good.sql']);
  },
);

t.test('if a migration cannot be read, none is applied', async (t) => {
  const { sql } = await createDatabase(t, { shape: UNDIVIDED, migrated: false, connectionsMax: 1 });
  const folder = await migrations(t, { '0001_good.sql': 'create table good (note text)' });
  await mkdir(join(folder, '0002_folder.sql'));
  await t.rejects(migrate(sql, { folder }), { code: 'EISDIR' });
  t.same(await tables(sql), []);
});
