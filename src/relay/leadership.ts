import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from 'postgres';
import type { Client } from '../database/client.js';
import { isTransient } from '../database/errors.js';

/** The time as the only active relay. */
export interface Term {
  /** Is aborted when the lock may be lost. */
  lost: AbortSignal;
  /** Runs a query over the connection that holds the lock: it fails if the lock is lost. */
  query<T>(run: (sql: Sql) => Promise<T>): Promise<T>;
}

// Any number that no other program uses, nor those behind it, for more shards: "relay" in ASCII.
const RELAY_LOCK = 0x72656c6179;
const COMPETE_INTERVAL_MS = 1_000;
const WATCH_INTERVAL_MS = 50;
const BEAT_INTERVAL_MS = 1_000;
/** Without an answer for this long, another relay may have the lock. */
const BEAT_TIMEOUT_MS = 3_000;

/**
 * Competes for the lock, and runs `lead` as long as this process has it, again and again until `stopping`
 * is aborted. Each shard has a lock of its own. PostgreSQL gives the lock to one session. When that ends,
 * another one gets it.
 * @throws what `lead` throws, unless the lock was lost or the database is away.
 */
export async function compete(
  client: Client,
  shard: number,
  stopping: AbortSignal,
  lead: (term: Term) => Promise<void>,
  onWaiting: (error: unknown) => void,
): Promise<void> {
  const pause = () => sleep(COMPETE_INTERVAL_MS, undefined, { signal: stopping }).catch(() => {});
  while (!stopping.aborted) {
    try {
      // A connection that breaks is replaced by another one, which does not have the lock.
      const { sql } = client;
      if (await tryLock(client, sql, shard)) await leadUntilLost(client, sql, lead);
    } catch (error) {
      if (!isTransient(error)) throw error;
      onWaiting(error);
    }
    if (!stopping.aborted) await pause();
  }
}

async function tryLock(client: Client, sql: Sql, shard: number): Promise<boolean> {
  const [row] = await client.bound(
    sql,
    sql<{ is_ours: boolean }[]>`select pg_try_advisory_lock(${RELAY_LOCK + shard}) as is_ours`,
  );
  return row?.is_ours ?? false;
}

async function leadUntilLost(client: Client, sql: Sql, lead: (term: Term) => Promise<void>): Promise<void> {
  const losing = new AbortController();
  const ending = new AbortController();
  const watching = watch(client, sql, ending.signal).catch(() => losing.abort());
  try {
    await lead({ lost: losing.signal, query: (run) => client.bound(sql, run(sql)) });
  } finally {
    ending.abort();
    await watching;
    // The session ends, and the lock with it: also if it could not be unlocked.
    client.replace(sql);
  }
}

/** @throws when the connection is lost, or does not answer. */
async function watch(client: Client, sql: Sql, ending: AbortSignal): Promise<void> {
  for (let beatAt = performance.now(); !ending.aborted; ) {
    await sleep(WATCH_INTERVAL_MS, undefined, { signal: ending }).catch(() => {});
    if (client.sql !== sql) throw new Error('the connection is gone');
    if (performance.now() - beatAt < BEAT_INTERVAL_MS) continue;
    beatAt = performance.now();
    const late = sleep(BEAT_TIMEOUT_MS, 'late', { ref: false });
    if ((await Promise.race([sql`select`, late])) === 'late') throw new Error('the database does not answer');
  }
}
