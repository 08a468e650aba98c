import { eventId } from '../../db/event-id.js';
import type { Database } from '../database/database.js';
import { isWindowReversed, type SaleWindow } from './coupon.js';

export interface NewCoupon extends SaleWindow {
  name: string;
  amount: number;
}

/**
 * Creates a coupon with its whole stock left. Otherwise it changes nothing: the name exists, or the
 * window ends before it starts.
 */
export async function createCoupon(
  database: Database,
  { name, amount, starts_at, ends_at }: NewCoupon,
): Promise<'created' | 'coupon_exists' | 'window_reversed'> {
  const create = database.write((sql) => {
    const id = eventId(sql, database, 'created_coupon');
    return sql`
      with created_coupon as (
        insert into coupons (name, amount, remaining_amount, starts_at, ends_at)
        values (${name}, ${amount}, ${amount}, ${starts_at}, ${ends_at})
        on conflict on constraint coupons_pkey do nothing
        returning name, amount, starts_at, ends_at
      )
      ${id.draw}
      insert into events (${id.column} type, coupon_names, data)
      select ${id.value} 'coupon.created', array[name],
        jsonb_build_object('amount', amount, 'starts_at', starts_at, 'ends_at', ends_at)
      from created_coupon`;
  });
  try {
    return (await create).count === 1 ? 'created' : 'coupon_exists';
  } catch (error) {
    if (isWindowReversed(error)) return 'window_reversed';
    throw error;
  }
}
