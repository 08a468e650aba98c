import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres, { type Sql } from 'postgres';
import t, { type Test } from 'tap';
import { MigrationRefused, migrate } from '../../db/migrate.js';
import { createDatabase } from '../support/database.js';
import { killPostmasterAfter, postmasterOf, temporaryFolder } from '../support/own-postgres.js';
import { startService } from '../support/process.js';

t.setTimeout(120_000);

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
  const { url, sql } = await createDatabase(t, { migrated: false });
  const servers = Array.from({ length: 10 }, () => postgres(url, { max: 1, onnotice: () => {} }));
  t.teardown(() => Promise.all(servers.map((server) => server.end())));
  const applied = await Promise.all(servers.map((server) => migrate(server)));
  t.same(applied.flat(), ['0001_coupons_and_claims.sql']);
  t.same(await tables(sql), ['claims', 'coupons', 'schema_migrations']);
  t.match(await sql`select name, applied_at from schema_migrations`, [
    { name: '0001_coupons_and_claims.sql', applied_at: Date },
  ]);
});

t.test('a database that has all migrations is left as it is', async (t) => {
  const { sql } = await createDatabase(t);
  await sql`insert into coupons values ('SUMMER', 5, 5)`;
  t.same(await migrate(sql), []);
  t.same(await sql`select name from coupons`, [{ name: 'SUMMER' }]);
});

t.test(
  'migrations are applied in the order of their names, later ones also later; others are no matter',
  async (t) => {
    const { sql } = await createDatabase(t, { migrated: false });
    const folder = await migrations(t, {
      '0010_c.sql': 'insert into steps (note) values (10)',
      '0002_b.sql': 'insert into steps (note) values (2)',
      '0001_a.sql': 'create table steps (number serial, note integer); insert into steps (note) values (1)',
      'README.md': 'no SQL',
    });
    t.same(await migrate(sql, folder), ['0001_a.sql', '0002_b.sql', '0010_c.sql']);
    await writeFile(join(folder, '0011_d.sql'), 'insert into steps (note) values (11)');
    await writeFile(join(folder, '0003_late.sql'), 'insert into steps (note) values (3)');
    t.same(await migrate(sql, folder), ['0003_late.sql', '0011_d.sql']);
    const steps = await sql<{ note: number }[]>`select note from steps order by number`;
    t.same(
      steps.map((step) => step.note),
      [1, 2, 10, 3, 11],
    );
  },
);

t.test('a database that knows more migrations than this server is taken as it is', async (t) => {
  const { sql } = await createDatabase(t);
  await sql`insert into schema_migrations (name) values ('9999_of_a_newer_server.sql')`;
  t.same(await migrate(sql), []);
});

t.test('a migration that the database refuses is named, and none of them is applied', async (t) => {
  const { sql } = await createDatabase(t, { migrated: false });
  const folder = await migrations(t, {
    '0001_good.sql': 'create table good (note text)',
    '0002_bad.sql': 'create table half (note text); create tabel whole (note text)',
    '0003_good.sql': 'create table more (note text)',
  });
  const error = await migrate(sql, folder).catch((error) => error);
  t.type(error, MigrationRefused);
  t.match(error.message, 'the database refuses migration 0002_bad.sql: syntax error at or near "tabel"');
  t.type(error.cause, postgres.PostgresError);
  t.same(await tables(sql), []);
  await writeFile(join(folder, '0002_bad.sql'), 'create table whole (note text)');
  t.same(await migrate(sql, folder), ['0001_good.sql', '0002_bad.sql', '0003_good.sql']);
});

t.test('a migration that cannot be read: nothing is applied', async (t) => {
  const { sql } = await createDatabase(t, { migrated: false });
  const folder = await migrations(t, { '0001_good.sql': 'create table good (note text)' });
  await mkdir(join(folder, '0002_folder.sql'));
  await t.rejects(migrate(sql, folder), { code: 'EISDIR' });
  t.same(await tables(sql), []);
});

t.test('the command applies what is pending, says so, and exits with 0', async (t) => {
  const { url, sql } = await createDatabase(t, { migrated: false });
  const command = () => startService(t, { DATABASE_URL: url }, { script: 'src/migrate.ts' });
  const first = command();
  t.equal(await first.exited(), 0);
  t.match(first.log, [{ level: 30, msg: 'applied 0001_coupons_and_claims.sql' }]);
  const second = command();
  t.equal(await second.exited(), 0);
  t.match(second.log, [{ level: 30, msg: 'no migration is pending' }]);
  t.same(await tables(sql), ['claims', 'coupons', 'schema_migrations']);
});

t.test('the command without DATABASE_URL migrates the embedded database, and stops it', async (t) => {
  const folder = await temporaryFolder(t);
  killPostmasterAfter(t, folder);
  const command = startService(t, { DATA_DIR: folder }, { script: 'src/migrate.ts' });
  t.equal(await command.exited(), 0);
  t.match(command.log.at(-1), { msg: 'applied 0001_coupons_and_claims.sql' });
  t.equal(postmasterOf(folder), undefined);
});

t.test('the command exits with 1 and one line that says why', async (t) => {
  const { url, sql } = await createDatabase(t, { migrated: false });
  await sql`create table coupons (note text)`;
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'file'), '');
  const cases: [Record<string, string>, RegExp][] = [
    [{ DATABASE_URL: url }, /refuses migration 0001_\w+\.sql: relation "coupons" already exists/],
    [{ DATABASE_URL: 'postgres://localhost:1/coupons' }, /ECONNREFUSED/],
    [{ DATABASE_URL: 'mysql://localhost/coupons' }, /invalid setting: DATABASE_URL must/],
    [{ DATA_DIR: join(folder, 'file') }, /EEXIST|ENOTDIR/],
  ];
  for (const [settings, message] of cases) {
    const command = startService(t, settings, { script: 'src/migrate.ts' });
    t.equal(await command.exited(), 1, String(message));
    const lines = [...command.log.map((line) => line.msg), ...command.output];
    t.equal(lines.length, 1, 'one line');
    t.match(lines[0], message);
  }
});
