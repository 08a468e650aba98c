import type { Database } from '../database/database.js';

/** Creates a coupon with all of its stock left. False: a coupon of that name exists, and nothing was changed. */
export async function createCoupon(database: Database, name: string, amount: number): Promise<boolean> {
  const created = await database.query(
    (sql) => sql`
      insert into coupons (name, amount, remaining_amount)
      values (${name}, ${amount}, ${amount})
      on conflict on constraint coupons_pkey do nothing`,
  );
  return created.count === 1;
}
