import type { Sql } from 'postgres';
import { couponName, type Traffic } from '../load/traffic.js';

/** All sizes are multiples of it. */
const BATCH_SIZE = 100_000;

/** Creates the coupons of the traffic, with `amount` units each. */
export async function createCoupons(sql: Sql, traffic: Traffic, amount: number): Promise<void> {
  const names = Array.from({ length: traffic.coupons }, (_, i) => couponName(traffic, i));
  await sql`
    insert into coupons (name, amount, remaining_amount)
    select name, ${amount}, ${amount} from unnest(${names}::text[]) as name`;
}

/** Counts the claims of the traffic's coupons. */
export async function countClaims(sql: Sql, { couponPrefix }: Traffic): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int as count from claims where starts_with(coupon_name, ${couponPrefix})`;
  return row!.count;
}

/** Inserts so many claims for a coupon, and writes them all to the disk. */
export async function fillClaims(sql: Sql, coupon: string, size: number, signal: AbortSignal): Promise<void> {
  for (let rows = 0; rows < size; rows += BATCH_SIZE) {
    signal.throwIfAborted();
    await sql.begin(async (sql) => {
      // Skips the foreign key's look at the coupon for each row.
      await sql`set local session_replication_role = replica`;
      await sql`update coupons set remaining_amount = remaining_amount - ${BATCH_SIZE} where name = ${coupon}`;
      await sql`
        insert into claims (coupon_name, user_id)
        select ${coupon}, 'holder-' || i from generate_series(${rows + 1}::int, ${rows + BATCH_SIZE}::int) as i`;
    });
  }
  // Otherwise, PostgreSQL would write them while claims are measured.
  await sql`checkpoint`;
}
