import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres, { type Sql } from 'postgres';
import { projectRoot } from './project-root.js';
import { transact } from './transaction.js';

/** A migration fails, or its file was changed after it was applied. A retry does not help. */
export class MigrationRefused extends Error {}

export interface MigrationOptions {
  /** Where the files are. */
  folder?: string;
  /** The schema that gets the tables. It is created. Undefined: the default one. */
  schema?: string | undefined;
  /**
   * Completes a schema that has all migrations, in a transaction under the lock: Citus distributes it. Later
   * migrations are then applied statement by statement.
   */
  finish?: ((sql: Sql, schema: string) => Promise<void>) | undefined;
  /** Gets a sentence for an operator. */
  onNotice?: (sentence: string) => void;
}

/** Whether the database has all migrations that this version knows. */
export async function isMigrated(sql: Sql, folder = FOLDER): Promise<boolean> {
  const names = (await readMigrations(folder)).map(({ name }) => name);
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int from schema_migrations where name in ${sql(names)}`;
  return row?.count === names.length;
}

interface Migration {
  /** The name of the file. */
  name: string;
  text: string;
  checksum: string;
}

const FOLDER = join(projectRoot, 'db', 'migrations');
// Any number that no other program uses: "coupon" in ASCII.
const MIGRATION_LOCK = 0x636f75706f6e;
/**
 * Claims queue behind a migration that waits for a lock. It must be longer than PostgreSQL's
 * `deadlock_timeout` of 1 s: only after that does autovacuum give way.
 */
const LOCK_TIMEOUT_MS = 2_000;
/** The claims that queued are answered meanwhile. */
const LOCK_PAUSE_MS = 3_000;
/** lock_not_available, deadlock_detected: the migration was rolled back, and can run again. */
const LOCK_ERRORS = ['55P03', '40P01'];

/**
 * Applies the files of db/migrations that this database does not have, in the order of their names.
 * Each has a transaction of its own, under a lock: any number of servers may call it at once. A migration
 * that waits long for the lock of a table gives way, and tries again until it gets it. A database that a
 * newer server has migrated further is accepted.
 * @param sql a client of one connection.
 * @returns the names of the files that this call applied.
 * @throws MigrationRefused naming the file, or what postgres.js throws. What was applied before stays.
 */
export async function migrate(
  sql: Sql,
  { folder = FOLDER, schema, finish, onNotice = () => {} }: MigrationOptions = {},
): Promise<string[]> {
  const migrations = await readMigrations(folder);
  const tell = once(onNotice);
  const applied: string[] = [];
  for (;;) {
    try {
      const name = await transact(sql, async (sql) => {
        await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`;
        // Citus passes settings of the transaction on to its nodes then, and does not distribute the schema
        // before all migrations are applied. PostgreSQL alone does not mind it.
        if (finish) {
          await sql.unsafe("set local citus.propagate_set_commands = 'local'");
          await sql.unsafe('set local citus.enable_schema_based_sharding = off');
        }
        await sql.unsafe(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
        if (schema !== undefined) await enterSchema(sql, schema);
        const next = await applyNext(sql, migrations, tell, finish ? applyStatements : applyText);
        if (next === undefined && finish && schema !== undefined) await finish(sql, schema);
        return next;
      });
      if (name === undefined) return applied;
      applied.push(name);
    } catch (error) {
      if (!isLockError(error)) throw error;
      tell('a migration waits for others that use its tables, such as a backup: pg_locks names them');
      await sleep(LOCK_PAUSE_MS);
    }
  }
}

/** @returns the name of the file that it applied. Undefined: none is pending. */
async function applyNext(
  sql: Sql,
  migrations: Migration[],
  tell: (sentence: string) => void,
  run: (sql: Sql, text: string) => Promise<unknown>,
): Promise<string | undefined> {
  await createTable(sql);
  const rows = await sql<{ name: string; checksum: string | null }[]>`
    select name, checksum from schema_migrations order by name`;
  const checksums = new Map(rows.map(({ name, checksum }) => [name, checksum]));
  await verify(sql, migrations, checksums);
  const known = new Set(migrations.map(({ name }) => name));
  const unknown = rows.filter(({ name }) => !known.has(name)).map(({ name }) => name);
  if (unknown.length > 0) tell(`a newer version has migrated the database: ${unknown.join(', ')}`);
  const next = migrations.find(({ name }) => !checksums.has(name));
  if (next) await apply(sql, next, run);
  return next?.name;
}

/** Lets the transaction create and find tables in a schema alone. */
async function enterSchema(sql: Sql, schema: string): Promise<void> {
  await sql`create schema if not exists ${sql(schema)}`;
  await sql.unsafe(`set local search_path = ${schema}`);
}

/** Passes each sentence on once. */
function once(onNotice: (sentence: string) => void): (sentence: string) => void {
  const told = new Set<string>();
  return (sentence) => {
    if (!told.has(sentence)) onNotice(sentence);
    told.add(sentence);
  };
}

function isLockError(error: unknown): boolean {
  return error instanceof postgres.PostgresError && LOCK_ERRORS.includes(error.code);
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

const applyText = (sql: Sql, text: string) => sql.unsafe(text);

/** Citus refuses several statements in one message, once the tables are distributed. */
async function applyStatements(sql: Sql, text: string): Promise<void> {
  for (const statement of statementsOf(text)) await sql.unsafe(statement);
}

/** Our files end each statement at the end of a line, and have no bodies of functions. */
function statementsOf(text: string): string[] {
  return text
    .replace(/^\s*--.*$/gm, '')
    .split(/;\s*$/m)
    .filter((statement) => statement.trim() !== '');
}

async function apply(
  sql: Sql,
  { name, text, checksum }: Migration,
  run: (sql: Sql, text: string) => Promise<unknown>,
): Promise<void> {
  try {
    await run(sql, text);
  } catch (error) {
    if (!(error instanceof postgres.PostgresError) || isLockError(error)) throw error;
    throw new MigrationRefused(`the database refuses migration ${name}: ${error.message}`, { cause: error });
  }
  await sql`insert into schema_migrations (name, checksum) values (${name}, ${checksum})`;
}
