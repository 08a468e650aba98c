import type { PendingQuery, Row, Sql } from 'postgres';

/** The figures of one coupon, as the tables have them. */
export interface Account {
  name: string;
  /** 0: there is no coupon. */
  amount: number;
  remaining: number;
  /** The number of rows in `claims`. */
  claims: number;
  /** The number of different users in these rows. */
  users: number;
  /** The number of different claim numbers in these rows. */
  places: number;
}

/** Reads the account of each coupon whose name starts with `prefix`, in one snapshot, ordered by name. */
export async function readAccounts(sql: Sql, prefix = ''): Promise<Account[]> {
  return sql<Account[]>`
    select name, amount, remaining, claims, users, places
    from (${selectAccounts(sql, prefix)}) as account
    order by name`;
}

/** A query for the accounts, with columns for those who compare them with the log. */
export function selectAccounts(sql: Sql, prefix = ''): PendingQuery<Row[]> {
  // Each count is a pass of its own, which needs no sort. Rows are counted in the table, users and places
  // as a rule in the two indexes. So an index that lacks an entry shows, too. One pass with
  // `count(distinct …)` sorts all rows of a coupon twice, and takes four times as long.
  return sql`
    with claim_counts as (
      select coupon_name as name, count(*) as claims,
        bit_xor(${fingerprintOf(sql)}) as fingerprint
      from claims
      where starts_with(coupon_name, ${prefix})
      group by coupon_name
    ),
    user_counts as (
      select coupon_name as name, count(*) as users
      from (
        select distinct coupon_name, user_id from claims where starts_with(coupon_name, ${prefix})
      ) as holder
      group by coupon_name
    ),
    place_counts as (
      -- "POSIX" is the collation of the index claims_in_order.
      select name collate "C" as name, count(*) as places
      from (
        select distinct coupon_name collate "POSIX" as name, claim_number
        from claims
        where starts_with(coupon_name, ${prefix})
      ) as place
      group by name
    )
    select name,
      coalesce(amount, 0) as amount,
      coalesce(remaining_amount, 0) as remaining,
      coalesce(claims, 0)::float8 as claims,
      coalesce(users, 0)::float8 as users,
      coalesce(places, 0)::float8 as places,
      fingerprint, releases, created_at, starts_at, ends_at
    from (select * from coupons where starts_with(name, ${prefix})) as coupon
    full join claim_counts using (name)
    left join user_counts using (name)
    left join place_counts using (name)`;
}

/** A number for a claim of `claims`, `released_claims` or the log. */
export const fingerprintOf = (sql: Sql) => sql`hashtextextended(user_id, claim_number)`;

/** Lists the rules that an account breaks, one sentence each. The list is empty if it balances. */
export function differencesIn({ name, amount, remaining, claims, users, places }: Account): string[] {
  const differences: string[] = [];
  if (amount === 0 && claims > 0) {
    differences.push(`${name}: ${claims} claims exist, and no coupon`);
  } else if (amount - remaining !== claims) {
    differences.push(`${name}: ${amount - remaining} units are taken, ${claims} claims exist`);
  }
  if (remaining < 0 || remaining > amount) {
    differences.push(`${name}: ${remaining} of ${amount} units remain`);
  }
  if (users !== claims) differences.push(`${name}: ${users} users hold ${claims} claims`);
  if (places !== claims) differences.push(`${name}: ${claims} claims have ${places} places in the order`);
  return differences;
}
