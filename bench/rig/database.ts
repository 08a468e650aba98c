import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres, { type Sql } from 'postgres';
import { startThrowAwayPostgres } from '../../db/embedded/throw-away.js';
import { migrate } from '../../db/migrate.js';

/** A throw-away PostgreSQL with the settings that the service gives its own. */
export interface OwnDatabase {
  url: string;
  sql: Sql;
  /** A temporary folder, which `stop` removes. */
  folder: string;
  pid: number;
  version: string;
  /** Waits until the server is idle and empties the tables. */
  clear(): Promise<void>;
  /** Creates another database on the same server, with autovacuum off for its tables. */
  createDatabase(name: string): Promise<ExtraDatabase>;
  stop(): Promise<void>;
}

export interface ExtraDatabase {
  url: string;
  sql: Sql;
  drop(): Promise<void>;
}

/** The type of a file system in memory, as statfs(2) reports it. */
const TMPFS = 0x01021994;
const IDLE_CHECKS = 3;
const IDLE_CHECKS_MAX = 1_000;
const IDLE_INTERVAL_MS = 50;

/** Starts PostgreSQL in a temporary folder and applies the migrations. */
export async function startDatabase(tell: (text: string) => void): Promise<OwnDatabase> {
  const server = await startThrowAwayPostgres('coupons-bench-');
  const { url, folder } = server;
  const sql = postgres(url, { max: 2, onnotice: () => {} });
  const createDatabase = (name: string) => createExtraDatabase(sql, url, name);
  const stop = async () => {
    await sql.end({ timeout: 1 });
    await server.stop();
  };
  try {
    if ((await statfs(folder)).type === TMPFS) {
      tell(`note: ${folder} is in memory, where a commit costs nothing: set TMPDIR to a folder on a disk\n`);
    }
    await migrate(sql);
    const [row] = await sql<{ pid: number; version: string }[]>`
      select split_part(pg_read_file('postmaster.pid'), e'\n', 1)::int as pid,
        current_setting('server_version') as version`;
    return { url, sql, folder, ...row!, clear: () => clear(sql), createDatabase, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function clear(sql: Sql): Promise<void> {
  // The server may still run requests that the load no longer waits for. Truncating beside them can
  // deadlock.
  let idle = 0;
  for (let checks = 0; idle < IDLE_CHECKS; checks++) {
    if (checks === IDLE_CHECKS_MAX) throw new Error('the server does not become idle after the load');
    await sleep(IDLE_INTERVAL_MS);
    const busy = await sql`
      select from pg_stat_activity
      where datname = current_database() and backend_type = 'client backend'
        and pid <> pg_backend_pid() and state <> 'idle'`;
    idle = busy.length === 0 ? idle + 1 : 0;
  }
  await sql`truncate coupons, claims`;
}

async function createExtraDatabase(admin: Sql, serverUrl: string, name: string): Promise<ExtraDatabase> {
  await admin`create database ${admin(name)}`;
  const url = new URL(`/${name}`, serverUrl).href;
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  await migrate(sql);
  await sql`alter table coupons set (autovacuum_enabled = off)`;
  await sql`alter table claims set (autovacuum_enabled = off)`;
  const drop = async () => {
    await sql.end({ timeout: 1 });
    await admin`drop database ${admin(name)} with (force)`;
  };
  return { url, sql, drop };
}
