import type { Sql } from 'postgres';
import type { Test } from 'tap';
import { tableOf } from './all-shards.js';
import { until } from './until.js';

/** Locks a coupon's row, so that claims for it wait. Returns a function that releases the lock. */
export async function lockCoupon(t: Test, sql: Sql, name: string): Promise<() => Promise<void>> {
  const connection = await sql.reserve();
  let released = false;
  const release = async () => {
    if (released) return;
    released = true;
    await connection`commit`;
    connection.release();
  };
  t.teardown(release);
  await connection`begin`;
  const [row] = await connection`select current_schema = 'all_shards' as is_divided`;
  // A view of all shards cannot lock a row.
  const table = row?.['is_divided'] ? tableOf('coupons', name) : 'coupons';
  await connection`select from ${sql(table)} where name = ${name} for update`;
  return release;
}

/** Waits until a session of this database, or more, wait for a lock. */
export async function lockAwaited(sql: Sql, sessions = 1): Promise<void> {
  await until('a session that waits for a lock', async () => {
    const [row] = await sql<{ waits: boolean }[]>`
      select count(*) >= ${sessions} as waits
      from pg_stat_activity
      where starts_with(datname, current_database()) and wait_event_type = 'Lock'`;
    return row?.waits;
  });
}
