import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres, { type Sql } from 'postgres';
import { startThrowAwayPostgres } from '../../db/embedded/throw-away.js';
import { migrate } from '../../db/migrate.js';

export interface Database {
  url: string;
  sql: Sql;
  /** Of the server. */
  pid: number;
}

/** A throw-away PostgreSQL with the settings that the service gives its own. */
export interface OwnDatabase extends Database {
  /** A temporary folder, which `stop` removes. */
  folder: string;
  version: string;
  /** Queries that run fail. May be called again. */
  stop(): Promise<void>;
}

/** The type of a file system in memory, as statfs(2) reports it. */
const TMPFS = 0x01021994;
const IDLE_CHECKS = 3;
const IDLE_CHECKS_MAX = 1_000;
const IDLE_INTERVAL_MS = 50;

export const connect = (url: string) => postgres(url, { max: 1, onnotice: () => {} });

/** Starts PostgreSQL in a temporary folder and applies the migrations. `settings`: see startEmptyDatabase. */
export async function startDatabase(settings: Record<string, string> = {}): Promise<OwnDatabase> {
  const database = await startEmptyDatabase(settings);
  try {
    await migrate(database.sql);
    return database;
  } catch (error) {
    await database.stop();
    throw error;
  }
}

/**
 * Starts PostgreSQL in a temporary folder.
 * @param settings more than those that the service gives its own.
 */
export async function startEmptyDatabase(settings: Record<string, string> = {}): Promise<OwnDatabase> {
  const server = await startThrowAwayPostgres('coupons-bench-', settings);
  const { url, folder } = server;
  const sql = connect(url);
  let stopping: Promise<void> | undefined;
  const stop = () => (stopping ??= sql.end({ timeout: 1 }).then(server.stop));
  try {
    if ((await statfs(folder)).type === TMPFS) {
      console.error(
        `note: ${folder} is in memory, where a commit costs nothing: set TMPDIR to a folder on a disk`,
      );
    }
    const [row] = await sql<{ pid: number; version: string }[]>`
      select split_part(pg_read_file('postmaster.pid'), e'\n', 1)::int as pid,
        current_setting('server_version') as version`;
    return { url, sql, folder, ...row!, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Creates another database on the same server, with autovacuum off for its tables. */
export async function createDatabase(server: Database, name: string): Promise<Database> {
  await server.sql`create database ${server.sql(name)}`;
  const url = new URL(`/${name}`, server.url).href;
  const sql = connect(url);
  await migrate(sql);
  await sql`alter table coupons set (autovacuum_enabled = off)`;
  await sql`alter table claims set (autovacuum_enabled = off)`;
  return { url, sql, pid: server.pid };
}

/** Waits until the service is idle and empties the tables. */
export async function clear(sql: Sql): Promise<void> {
  // The service may still run requests that the load no longer waits for. Truncating beside them
  // can deadlock.
  let idle = 0;
  for (let checks = 0; idle < IDLE_CHECKS; checks++) {
    if (checks === IDLE_CHECKS_MAX) throw new Error('the service does not become idle after the load');
    await sleep(IDLE_INTERVAL_MS);
    const busy = await sql`
      select from pg_stat_activity
      where datname = current_database() and backend_type = 'client backend'
        and pid <> pg_backend_pid() and state <> 'idle'`;
    idle = busy.length === 0 ? idle + 1 : 0;
  }
  await sql`truncate coupons, claims`;
}
