import { setTimeout as sleep } from 'node:timers/promises';
import postgres, { type Sql } from 'postgres';
import type { Client } from '../../database/client.js';

const CANCEL_INTERVAL_MS = 50;
/** Others wait behind a lock that waits: they get a turn after each attempt. */
export const LOCK_TIMEOUT = '2s';
const PAUSE_MS = 1_000;
/** deadlock_detected, lock_not_available */
const [DEADLOCK, TIMEOUT] = ['40P01', '55P03'];

/**
 * Locks tables in a transaction whose `lock_timeout` is LOCK_TIMEOUT. Gives way to others, and tries again.
 * @param onWait is called each time when somebody does not give the tables free in time.
 */
export async function lockTables(
  source: Sql,
  tables: readonly string[],
  mode: 'exclusive' | 'access exclusive',
  onWait: () => void,
): Promise<void> {
  await source.unsafe('savepoint locking');
  for (;;) {
    try {
      await source.unsafe(`lock table ${tables.join(', ')} in ${mode} mode`);
      return;
    } catch (error) {
      const code = error instanceof postgres.PostgresError ? error.code : undefined;
      if (code !== DEADLOCK && code !== TIMEOUT) throw error;
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
 * @param onWait see lockTables.
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
    const locked = lockTables(source, tables, 'access exclusive', onWait).finally(() => (isDone = true));
    await Promise.all([locked, cancelUntilDone()]);
  } finally {
    await other.close(1);
  }
}
