import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres, { type Sql } from 'postgres';
import { projectRoot } from './project-root.js';
import { transact } from './transaction.js';

/** A migration fails, or its file was changed after it was applied. A retry does not help. */
export class MigrationRefused extends Error {}

interface Migration {
  /** The name of the file. */
  name: string;
  text: string;
  checksum: string;
}

// Any number that no other program uses: "coupon" in ASCII.
const MIGRATION_LOCK = 0x636f75706f6e;

/**
 * Applies the files of db/migrations that this database does not have, in the order of their names.
 * It does so in one transaction and under a lock: any number of servers may call it at once. It
 * accepts a database that a newer server has migrated further.
 * @param sql a client of one connection.
 * @returns the names of the applied files.
 * @throws MigrationRefused naming the file, or what postgres.js throws. Then nothing was applied.
 */
export async function migrate(sql: Sql, folder = join(projectRoot, 'db', 'migrations')): Promise<string[]> {
  const migrations = await readMigrations(folder);
  return transact(sql, async (sql) => {
    await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`;
    await createTable(sql);
    const rows = await sql<{ name: string; checksum: string | null }[]>`
      select name, checksum from schema_migrations`;
    const checksums = new Map(rows.map(({ name, checksum }) => [name, checksum]));
    await verify(sql, migrations, checksums);
    const pending = migrations.filter(({ name }) => !checksums.has(name));
    for (const migration of pending) await apply(sql, migration);
    return pending.map(({ name }) => name);
  });
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(folder, name), 'utf8');
      // Git may convert the line endings of a checkout.
      const checksum = createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex');
      return { name, text, checksum };
    }),
  );
}

async function createTable(sql: Sql): Promise<void> {
  await sql`
    create table if not exists schema_migrations (
      name text primary key,
      applied_at timestamptz not null default now(),
      checksum text
    )`;
  // Version 0.1 created the table without checksums. We look first, because `alter table` waits for
  // a running backup even if the column exists.
  const [column] = await sql`
    select from pg_attribute where attrelid = 'schema_migrations'::regclass and attname = 'checksum'`;
  if (!column) await sql`alter table schema_migrations add column checksum text`;
}

/** Refuses files that were changed after they were applied. */
async function verify(
  sql: Sql,
  migrations: Migration[],
  checksums: Map<string, string | null>,
): Promise<void> {
  for (const { name, checksum } of migrations) {
    const applied = checksums.get(name);
    // A server of version 0.1 applied it. It records the name alone.
    if (applied === null) await sql`update schema_migrations set checksum = ${checksum} where name = ${name}`;
    else if (applied !== undefined && applied !== checksum) {
      throw new MigrationRefused(
        `migration ${name} was changed after it was applied to this database: restore the file, and put the change into a new migration`,
      );
    }
  }
}

async function apply(sql: Sql, { name, text, checksum }: Migration): Promise<void> {
  try {
    await sql.unsafe(text);
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error;
    throw new MigrationRefused(`the database refuses migration ${name}: ${error.message}`, { cause: error });
  }
  await sql`insert into schema_migrations (name, checksum) values (${name}, ${checksum})`;
}
