import type { Sql } from 'postgres';
import type { Test } from 'tap';

/** A claim and how it was answered. */
export interface AnsweredClaim {
  couponName: string;
  userId: string;
  status: number;
}

interface Entry {
  coupon_name: string;
  user_id: string;
}

/**
 * Holds the tables against what must be true of them at any time: no stock below zero or above the amount, what
 * is gone from the stock is in the claims, no claim without its coupon, nobody twice. Given all claims that
 * were sent to these coupons and how they were answered: each 200 has its row, and each row its 200.
 */
export async function assertBooksBalance(t: Test, sql: Sql, answered?: AnsweredClaim[]): Promise<void> {
  const wrong = await sql`
    select name, amount, remaining_amount, count(claims.user_id)::int as claims
    from coupons left join claims on claims.coupon_name = coupons.name
    group by name
    having remaining_amount < 0
      or remaining_amount > amount
      or amount - remaining_amount <> count(claims.user_id)`;
  t.strictSame(
    [...wrong],
    [],
    'each coupon: amount = remaining_amount + claims, and none of them is negative',
  );
  const orphans = await sql`
    select coupon_name from claims where coupon_name not in (select name from coupons)`;
  t.strictSame([...orphans], [], 'no claim without its coupon');
  const twice = await sql`
    select coupon_name, user_id from claims group by coupon_name, user_id having count(*) > 1`;
  t.strictSame([...twice], [], 'nobody holds a coupon twice');
  if (!answered) return;
  const rows = await sql<Entry[]>`select coupon_name, user_id from claims`;
  const text = (couponName: string, userId: string) => JSON.stringify([couponName, userId]);
  const claimed = answered.filter(({ status }) => status === 200);
  t.strictSame(
    claimed.map(({ couponName, userId }) => text(couponName, userId)).sort(),
    rows.map((row) => text(row.coupon_name, row.user_id)).sort(),
    'each 200 has its row, and each row its 200',
  );
}
