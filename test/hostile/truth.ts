import type { Sql } from 'postgres';

/** What the database holds, as far as some requests are concerned. */
export interface Truth {
  /** What the log has: coupons that were created, claims that were made, and what was deleted. */
  created: number;
  claimed: number;
  deleted: number;
  /** Coupons that were changed or deleted, or of which claims were released. */
  corrected: Set<string>;
  /** Coupons by name. */
  stock: Map<string, { amount: number; remaining: number }>;
  /** Holders by coupon. */
  holders: Map<string, Set<string>>;
}

export async function readTruth(sql: Sql, names: string[]): Promise<Truth> {
  const [events, stock, claims] = await Promise.all([
    sql<{ type: string; coupon_names: string[] }[]>`select type, coupon_names from events`,
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
  const logged = (...types: string[]) =>
    events.flatMap(({ type, coupon_names }) => (types.includes(type) ? coupon_names : []));
  return {
    created: logged('coupon.created').length,
    claimed: logged('claim.made').length,
    deleted: logged('coupon.deleted', 'claim.released').length,
    corrected: new Set(logged('coupon.changed', 'coupon.deleted', 'claim.released')),
    stock: new Map(stock.map((row) => [row.name, { amount: row.amount, remaining: row.remaining_amount }])),
    holders,
  };
}

/** Leaves three coupons: one that many can claim, one that sells out, and one that is sold out. */
export async function startAgain(sql: Sql): Promise<void> {
  // On so few rows faster than truncate.
  await sql`delete from claims`;
  await sql`delete from coupons`;
  await sql`delete from released_claims`;
  await sql`delete from events`;
  await sql`
    insert into coupons (name, amount, remaining_amount)
    values ('SALE', 1000, 997), ('claim', 2, 2), ('🎟', 1, 0)`;
  await sql`
    insert into claims (user_id, coupon_name)
    values ('a', 'SALE'), ('SALE', 'SALE'), ('__proto__', 'SALE'), ('a', '🎟')`;
}
