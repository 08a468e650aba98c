import type { Sql } from 'postgres';
import type { Test } from 'tap';
import { isCitus, tableOf } from './all-shards.js';
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
  // A view of all shards cannot lock a row.
  const table = (await isDivided(connection)) ? tableOf('coupons', name) : 'coupons';
  await connection`select from ${sql(table)} where name = ${name} for update`;
  return release;
}

/** Waits until a session of this database, or more, wait for a lock. */
export async function lockAwaited(sql: Sql, sessions = 1): Promise<void> {
  await until('a session that waits for a lock', async () => {
    const [row] =
      isCitus && (await isDivided(sql))
        ? await countOnCluster(sql, sessions)
        : await countHere(sql, sessions);
    return row?.waits;
  });
}

function countHere(sql: Sql, sessions: number) {
  return sql<{ waits: boolean }[]>`
      select count(*) >= ${sessions} as waits
      from pg_stat_activity
      where starts_with(datname, current_database()) and wait_event_type = 'Lock'`;
}

/** Claims wait on the nodes of Citus. */
function countOnCluster(sql: Sql, sessions: number) {
  return sql<{ waits: boolean }[]>`
    select count >= ${sessions} as waits
    from (select case when 'other_0' <> all (coalesce(dblink_get_connections(), '{}')) then dblink_connect('other_0', 'other_0') end) as connected,
      dblink('other_0', $$
        select count(*) from citus_stat_activity where datname = current_database() and wait_event_type = 'Lock'
      $$) as waiting (count bigint)`;
}

async function isDivided(sql: Sql): Promise<boolean> {
  const [row] = await sql`select current_schema = 'all_shards' as is_divided`;
  return row?.['is_divided'];
}
