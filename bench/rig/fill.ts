import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from 'postgres';
import { median } from '../median.js';

const BATCH_SIZE = 250_000;

/** Inserts claims for a coupon until the table has `size` rows, and writes them all to the disk. */
export async function fillClaims(sql: Sql, coupon: string, size: number, signal: AbortSignal): Promise<void> {
  // Skips the foreign key's look at the coupon for each row.
  await sql`set session_replication_role = replica`;
  for (let rows = await countClaims(sql); rows < size; rows += BATCH_SIZE) {
    signal.throwIfAborted();
    const count = Math.min(BATCH_SIZE, size - rows);
    await sql.begin(async (sql) => {
      await sql`update coupons set remaining_amount = remaining_amount - ${count} where name = ${coupon}`;
      await sql`
        insert into claims (coupon_name, user_id)
        select ${coupon}, 'holder-' || i from generate_series(${rows + 1}::int, ${rows + count}::int) as i`;
    });
  }
  // Otherwise, PostgreSQL would write them while claims are measured.
  await sql`checkpoint`;
}

export async function countClaims(sql: Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`select count(*)::int as count from claims`;
  return row!.count;
}

const COMMITS = 20;
const SETTLE_SECONDS_MAX = 60;

/** How many milliseconds a commit takes on this disk. */
export async function timeCommit(sql: Sql): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < COMMITS; i++) {
    const start = performance.now();
    // This writes to the log, and to nothing else.
    await sql`select pg_logical_emit_message(true, 'bench', '')`;
    times.push(performance.now() - start);
  }
  return median(times)!;
}

/** Waits for a disk that is slow after gigabytes were written, but no longer than a minute. */
export async function settle(sql: Sql, commitMsBefore: number, signal: AbortSignal): Promise<void> {
  for (let i = 0; i < SETTLE_SECONDS_MAX && (await timeCommit(sql)) > 2 * commitMsBefore; i++) {
    await sleep(1_000, undefined, { signal });
  }
}
