import type { Sql } from 'postgres';

/** What the database holds, as far as some requests are concerned. */
export interface Truth {
  coupons: number;
  claims: number;
  /** Coupons by name. */
  stock: Map<string, { amount: number; remaining: number }>;
  /** Holders by coupon. */
  holders: Map<string, Set<string>>;
}

export async function readTruth(sql: Sql, names: string[]): Promise<Truth> {
  const [totals, stock, claims] = await Promise.all([
    sql<{ coupons: number; claims: number }[]>`
      select (select count(*) from coupons)::int as coupons, (select count(*) from claims)::int as claims`,
    sql<{ name: string; amount: number; remaining_amount: number }[]>`
      select name, amount, remaining_amount from coupons where name = any(${names})`,
    sql<{ coupon_name: string; user_id: string }[]>`
      select coupon_name, user_id from claims where coupon_name = any(${names})`,
  ]);
  const holders = new Map<string, Set<string>>();
  for (const { coupon_name, user_id } of claims) {
    const users = holders.get(coupon_name) ?? new Set();
    holders.set(coupon_name, users.add(user_id));
  }
  return {
    coupons: totals[0]?.coupons ?? 0,
    claims: totals[0]?.claims ?? 0,
    stock: new Map(stock.map((row) => [row.name, { amount: row.amount, remaining: row.remaining_amount }])),
    holders,
  };
}

/** Leaves three coupons: one that many can claim, one that sells out, and one that is sold out. */
export async function startAgain(sql: Sql): Promise<void> {
  // On so few rows faster than truncate.
  await sql`delete from claims`;
  await sql`delete from coupons`;
  await sql`
    insert into coupons (name, amount, remaining_amount)
    values ('SALE', 1000, 997), ('claim', 2, 2), ('🎟', 1, 0)`;
  await sql`
    insert into claims (user_id, coupon_name)
    values ('a', 'SALE'), ('SALE', 'SALE'), ('__proto__', 'SALE'), ('a', '🎟')`;
}
