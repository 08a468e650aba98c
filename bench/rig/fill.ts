import type { Sql } from 'postgres';

const ROWS_PER_FILL = 500_000;
const CLAIMS_PER_STATEMENT = 50;

/**
 * Makes claims as a server would have made them, but without looking at their foreign key, and without
 * events.
 */
export async function fill(sql: Sql, claims: number, coupons: number): Promise<void> {
  await sql`set session_replication_role = replica`;
  await sql`
    insert into coupons (name, amount, remaining_amount)
    select 'coupon-' || number,
      ${Math.ceil(claims / coupons) + 1_000}::int, 1000
    from generate_series(0, ${coupons}::int - 1) as number`;
  for (let begin = 0; begin < claims; begin += ROWS_PER_FILL) {
    const end = Math.min(begin + ROWS_PER_FILL, claims) - 1;
    await sql`
      insert into claims (coupon_name, user_id, created_at, idempotency_key)
      select 'coupon-' || number / ${CLAIMS_PER_STATEMENT} % ${coupons}, 'user-' || number,
        now() - interval '1 day' + number / ${CLAIMS_PER_STATEMENT} * interval '1 ms', gen_random_uuid()
      from generate_series(${begin}::int, ${end}::int) as number`;
    process.stderr.write(`\r${(end + 1).toLocaleString('en')} claims`);
  }
  process.stderr.write('\n');
  await sql`set session_replication_role = default`;
  await sql`vacuum analyze`;
}
