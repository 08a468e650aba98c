import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres, { type Sql } from 'postgres';
import { projectRoot } from './project-root.js';

// Any number that no one else uses: "coupons" in ASCII, cut to what fits.
const MIGRATION_LOCK = 0x636f75706f6e;

/** A migration that the database refuses: trying again will not help. */
export class MigrationRefused extends Error {}

/**
 * Applies the files of db/migrations that this database has not seen, in the order of their names, in
 * one transaction and under a lock: any number of servers may call it at once.
 * @returns the names of the files that were applied.
 * @throws MigrationRefused naming the file, or what postgres.js throws; then nothing was applied.
 */
export async function migrate(sql: Sql, folder = join(projectRoot, 'db', 'migrations')): Promise<string[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  return sql.begin(async (sql) => {
    await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`;
    await sql`
      create table if not exists schema_migrations (
        name text primary key,
        applied_at timestamptz not null default now()
      )`;
    const applied = new Set(
      (await sql<{ name: string }[]>`select name from schema_migrations`).map((row) => row.name),
    );
    const pending = files.filter((file) => !applied.has(file));
    for (const file of pending) {
      try {
        await sql.unsafe(await readFile(join(folder, file), 'utf8'));
      } catch (error) {
        if (!(error instanceof postgres.PostgresError)) throw error;
        throw new MigrationRefused(`the database refuses migration ${file}: ${error.message}`, {
          cause: error,
        });
      }
      await sql`insert into schema_migrations (name) values (${file})`;
    }
    return pending;
  });
}
