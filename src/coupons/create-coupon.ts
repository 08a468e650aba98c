import type { Database } from '../database/database.js';

/** Creates a coupon with its whole stock left. Returns false, and changes nothing, if the name exists. */
export async function createCoupon(database: Database, name: string, amount: number): Promise<boolean> {
  const created = await database.write(
    (sql) => sql`
      insert into coupons (name, amount, remaining_amount)
      values (${name}, ${amount}, ${amount})
      on conflict on constraint coupons_pkey do nothing`,
  );
  return created.count === 1;
}
