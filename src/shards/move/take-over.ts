import { setTimeout as sleep } from 'node:timers/promises';
import postgres, { type Sql } from 'postgres';
import type { Client } from '../../database/client.js';

const CANCEL_INTERVAL_MS = 50;
const ATTEMPTS_MAX = 1_000;
/** deadlock_detected */
const DEADLOCK = '40P01';

/**
 * Locks tables against all others, also reads, in a transaction that keeps writes away already. A claim that
 * waits for us may have a lock for reading: we would wait for each other, and PostgreSQL ends one of us. So
 * such statements, which have done nothing yet, are cancelled again and again until the lock is ours.
 * @param other another connection to the database. It is closed.
 */
export async function lockAgainstAll(source: Sql, other: Client, tables: readonly string[]): Promise<void> {
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
  const lock = async () => {
    await source.unsafe('savepoint locking');
    for (let attempt = 1; ; attempt++) {
      try {
        await cancelOthers();
        await source.unsafe(`lock table ${tables.join(', ')} in access exclusive mode`);
        return;
      } catch (error) {
        const isDeadlock = error instanceof postgres.PostgresError && error.code === DEADLOCK;
        if (!isDeadlock || attempt === ATTEMPTS_MAX) throw error;
        await source.unsafe('rollback to savepoint locking');
      }
    }
  };
  try {
    await Promise.all([lock().finally(() => (isDone = true)), cancelUntilDone()]);
  } finally {
    await other.close(1);
  }
}
