import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { projectRoot } from '../../db/project-root.js';
import { createDatabase, UNDIVIDED } from '../support/database.js';
import { killPostmasterAfter, postmasterOf, temporaryFolder } from '../support/own-postgres.js';
import { startService } from '../support/process.js';

const NAMES = (await readdir(join(projectRoot, 'db', 'migrations'))).sort();

t.test('the command applies the pending migrations, logs their names, and exits with 0', async (t) => {
  const { url, sql } = await createDatabase(t, { shape: UNDIVIDED, migrated: false, connectionsMax: 1 });
  const command = () => startService(t, { DATABASE_URL: url }, { script: 'src/migrate.js' });
  const first = command();
  t.equal(await first.exited(), 0);
  t.match(first.log, [{ level: 30, msg: `applied ${NAMES.join(', ')}` }]);
  const second = command();
  t.equal(await second.exited(), 0);
  t.match(second.log, [{ level: 30, msg: 'no migration is pending' }]);
  const rows = await sql`select from schema_migrations`;
  t.equal(rows.length, NAMES.length);
});

t.test('--help explains the command, and other options are refused', async (t) => {
  const run = (operand: string) => startService(t, {}, { script: 'src/migrate.js', operands: [operand] });
  const help = run('--help');
  t.equal(await help.exited(), 0);
  t.match(help.output[0], /^usage: npm run db:migrate/);
  const unknown = run('--dry-run');
  t.equal(await unknown.exited(), 1);
  t.match(unknown.output[0], /Unknown option '--dry-run'/);
});

t.test('without DATABASE_URL the command migrates the embedded database, and stops it', async (t) => {
  const folder = await temporaryFolder(t);
  killPostmasterAfter(t, folder);
  const command = startService(t, { DATA_DIR: folder }, { script: 'src/migrate.js' });
  t.equal(await command.exited(), 0);
  t.match(command.log.at(-1), { msg: `applied ${NAMES.join(', ')}` });
  t.equal(postmasterOf(folder), undefined);
});

t.test('if the command fails, it prints one line with the reason, and exits with 1', async (t) => {
  const { url, sql } = await createDatabase(t, { shape: UNDIVIDED, migrated: false, connectionsMax: 1 });
  await sql`create table coupons (note text)`;
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'file'), '');
  const cases: [Record<string, string>, RegExp][] = [
    [{ DATABASE_URL: url }, /refuses migration 0001_\w+\.sql: relation "coupons" already exists/],
    [{ DATABASE_URL: 'postgres://localhost:1/coupons' }, /ECONNREFUSED/],
    [{ DATABASE_URL: 'mysql://localhost/coupons' }, /invalid setting: DATABASE_URL must/],
    [{ DATA_DIR: join(folder, 'file') }, /a part of this path is not a folder; set DATA_DIR/],
  ];
  for (const [settings, message] of cases) {
    const command = startService(t, settings, { script: 'src/migrate.js' });
    t.equal(await command.exited(), 1, String(message));
    const lines = [...command.log.map((line) => line.msg), ...command.output];
    t.equal(lines.length, 1, 'one line');
    t.match(lines[0], message);
  }
});
