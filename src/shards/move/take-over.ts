import { setTimeout as sleep } from 'node:timers/promises';
import postgres, { type Sql } from 'postgres';
import type { Client } from '../../database/client.js';

const CANCEL_INTERVAL_MS = 50;
/** Others wait behind a lock that waits: they get a turn after each attempt. */
export const LOCK_TIMEOUT = '1s';
const PAUSE_MS = 1_000;
/** Of the last lock, for which writes wait: it takes a minute with its pauses. */
const LAST_TIMEOUTS_MAX = 30;
/** deadlock_detected, lock_not_available */
const [DEADLOCK, TIMEOUT] = ['40P01', '55P03'];

/**
 * Keeps writes to tables away, in a transaction whose `lock_timeout` is LOCK_TIMEOUT. Waits until nobody uses
 * a table for long, also by reading, as a backup does. Claims go on meanwhile.
 * @param onWait is called each time when somebody does not give a table free in time.
 */
export async function lockAgainstWrites(
  source: Sql,
  tables: readonly string[],
  onWait: () => void,
): Promise<void> {
  for (const table of tables) {
    await lockTables(source, [table], 'access exclusive', onWait);
    // Nobody does now. That is all we wanted to know: the lock goes again.
    await source.unsafe('rollback to savepoint locking');
  }
  await lockTables(source, tables, 'exclusive', onWait);
}

/** Locks tables. Gives way to others, and tries again. @throws the error after as many time-outs. */
async function lockTables(
  source: Sql,
  tables: readonly string[],
  mode: 'exclusive' | 'access exclusive',
  onWait: () => void,
  timeoutsMax = Number.POSITIVE_INFINITY,
): Promise<void> {
  await source.unsafe('savepoint locking');
  let timeouts = 0;
  for (;;) {
    try {
      await source.unsafe(`lock table ${tables.join(', ')} in ${mode} mode`);
      return;
    } catch (error) {
      const code = error instanceof postgres.PostgresError ? error.code : undefined;
      if (code === TIMEOUT) timeouts++;
      if ((code !== DEADLOCK && code !== TIMEOUT) || timeouts === timeoutsMax) throw error;
      await source.unsafe('rollback to savepoint locking');
      if (code === DEADLOCK) continue;
      onWait();
      await sleep(PAUSE_MS);
    }
  }
}

/**
 * Locks tables against all others, also reads, in a transaction that keeps writes away already. A claim that
 * waits for us may have a lock for reading: we would wait for each other, and PostgreSQL ends one of us. So
 * such statements, which have done nothing yet, are cancelled again and again until the lock is ours.
 * @param other another connection to the database. It is closed.
 * @param onWait see lockAgainstWrites. After a minute, the error of PostgreSQL is thrown.
 */
export async function lockAgainstAll(
  source: Sql,
  other: Client,
  tables: readonly string[],
  onWait: () => void,
): Promise<void> {
  const [own] = await source<[{ pid: number; oids: string[] }]>`
    select pg_backend_pid() as pid, ${tables}::text[]::regclass[]::oid[]::text[] as oids`;
  const cancelOthers = () => other.sql`
    select pg_cancel_backend(pid)
    from (select distinct pid from pg_locks where granted and relation = any (${own.oids}::text[]::oid[])) as holder
    where pid <> ${own.pid} and ${own.pid} = any (pg_blocking_pids(pid))`;
  let isDone = false;
  const cancelUntilDone = async () => {
    for (; !isDone; await sleep(CANCEL_INTERVAL_MS)) await cancelOthers();
  };
  try {
    const locked = lockTables(source, tables, 'access exclusive', onWait, LAST_TIMEOUTS_MAX);
    await Promise.all([locked.finally(() => (isDone = true)), cancelUntilDone()]);
  } finally {
    await other.close(1);
  }
}
