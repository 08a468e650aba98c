import { chmod, mkdtemp, realpath, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres, { type Sql } from 'postgres';
import { startEmbeddedPostgres } from '../db/embedded/embedded-postgres.js';
import { findPostmaster } from '../db/embedded/postmaster.js';
import { migrate } from '../db/migrate.js';

/** A PostgreSQL of our own, in a temporary folder, with the settings of the service's own. */
export interface OwnDatabase {
  url: string;
  sql: Sql;
  folder: string;
  pid: number;
  version: string;
  /** Empties the tables. */
  clear(): Promise<void>;
  /** Makes another database on the same server, with autovacuum off for its tables. */
  createDatabase(name: string): Promise<ExtraDatabase>;
  stop(): Promise<void>;
}

export interface ExtraDatabase {
  url: string;
  sql: Sql;
  drop(): Promise<void>;
}

const TMPFS = 0x01021994;
const QUIET_LOOKS = 3;
const QUIET_INTERVAL_MS = 50;
const QUIET_TIMEOUT_MS = 60_000;

export async function startDatabase(tell: (line: string) => void): Promise<OwnDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'coupons-bench-'));
  try {
    // Root hands the data to another user.
    await chmod(folder, 0o755);
    if ((await statfs(folder)).type === TMPFS) {
      tell(
        `note: ${tmpdir()} is kept in memory, where a commit costs nothing: set TMPDIR to a folder on a disk`,
      );
    }
    const embedded = await startEmbeddedPostgres(folder);
    const sql = postgres(embedded.url, { max: 2, onnotice: () => {} });
    const stop = async () => {
      await sql.end({ timeout: 1 });
      await embedded.stop();
      await rm(folder, { recursive: true, force: true });
    };
    try {
      await migrate(sql);
      const postmaster = await findPostmaster(join(await realpath(folder), 'postgres'));
      const [row] = await sql<{ server_version: string }[]>`show server_version`;
      return {
        url: embedded.url,
        sql,
        folder,
        pid: postmaster?.pid ?? 0,
        version: row?.server_version ?? '',
        clear: () => clear(sql),
        createDatabase: (name) => createDatabase(sql, embedded.url, name),
        stop,
      };
    } catch (error) {
      await stop();
      throw error;
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Requests that nobody waits for any more may still be running. They are let finish, or tables would be locked crosswise. */
async function clear(sql: Sql): Promise<void> {
  const countBusy = async () => {
    const [row] = await sql<{ count: number }[]>`
      select count(*)::int as count
      from pg_stat_activity
      where datname = current_database() and backend_type = 'client backend'
        and pid <> pg_backend_pid() and state <> 'idle'`;
    return row?.count ?? 0;
  };
  const deadline = Date.now() + QUIET_TIMEOUT_MS;
  for (let quiet = 0; quiet < QUIET_LOOKS; quiet = (await countBusy()) === 0 ? quiet + 1 : 0) {
    if (Date.now() > deadline) throw new Error('the server goes on working for nobody');
    await sleep(QUIET_INTERVAL_MS);
  }
  await sql`truncate coupons, claims`;
}

async function createDatabase(admin: Sql, serverUrl: string, name: string): Promise<ExtraDatabase> {
  await admin`create database ${admin(name)}`;
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const sql = postgres(url.href, { max: 1, onnotice: () => {} });
  await migrate(sql);
  await sql`alter table coupons set (autovacuum_enabled = off)`;
  await sql`alter table claims set (autovacuum_enabled = off)`;
  return {
    url: url.href,
    sql,
    async drop() {
      await sql.end({ timeout: 1 });
      await admin`drop database ${admin(name)} with (force)`;
    },
  };
}
