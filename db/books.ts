import type { Sql } from 'postgres';

/** The figures of one coupon, as the tables have them. */
export interface Account {
  name: string;
  amount: number;
  remaining: number;
  /** The number of rows in `claims`. */
  claims: number;
  /** The number of different users in these rows. */
  users: number;
  /** The number of different claim numbers in these rows. */
  places: number;
}

/**
 * Reads the account of each coupon whose name starts with `prefix`, in one snapshot, ordered by
 * name. Claims without a coupon appear as an account with an amount of 0.
 */
export async function readAccounts(sql: Sql, prefix = ''): Promise<Account[]> {
  return sql<Account[]>`
    select coalesce(name, coupon_name) as name,
      coalesce(amount, 0) as amount,
      coalesce(remaining_amount, 0) as remaining,
      count(user_id)::int as claims,
      count(distinct user_id)::int as users,
      count(distinct claim_number)::int as places
    from coupons
    full join claims on coupon_name = name
    where starts_with(coalesce(name, coupon_name), ${prefix})
    group by name, coupon_name, amount, remaining_amount
    order by 1`;
}

/** Lists the rules that an account breaks, one sentence each. The list is empty if it balances. */
export function differencesIn({ name, amount, remaining, claims, users, places }: Account): string[] {
  const differences: string[] = [];
  if (amount - remaining !== claims) {
    differences.push(`${name}: ${amount - remaining} units are taken, ${claims} claims exist`);
  }
  if (remaining < 0 || remaining > amount) {
    differences.push(`${name}: ${remaining} of ${amount} units remain`);
  }
  if (users !== claims) differences.push(`${name}: ${users} users hold ${claims} claims`);
  if (places !== claims) differences.push(`${name}: ${claims} claims have ${places} places in the order`);
  return differences;
}
