import type { Sql } from 'postgres';
import { eventId } from '../../db/event-id.js';
import type { Database } from '../database/database.js';
import { Overloaded } from '../overloaded.js';
import { type Coupon, type CouponRow, couponColumns, couponOf, isStale } from './coupon.js';

/** What to change. Absent: as it is. Null: no bound. */
export interface CouponChange {
  /** The new total, claimed units included. */
  amount?: number | undefined;
  starts_at?: Date | null | undefined;
  ends_at?: Date | null | undefined;
}

export type ChangeOutcome =
  | { before: Coupon; after: Coupon }
  | 'coupon_not_found'
  | 'stock_already_claimed'
  | 'window_reversed';

/** Each run has a newer snapshot. */
const RUNS_MAX = 20;

/**
 * Changes a coupon while claims run. Otherwise it changes nothing: there is no such coupon, more units
 * are claimed than `amount`, or the window would end before it starts.
 * @throws Overloaded, DatabaseTimeout, or the error of postgres.js.
 */
export async function changeCoupon(
  database: Database,
  name: string,
  change: CouponChange,
): Promise<ChangeOutcome> {
  for (let run = 0; run < RUNS_MAX; run++) {
    try {
      return outcomeOf(await database.write((sql) => update(sql, database, name, change)));
    } catch (error) {
      // PostgreSQL checks the constraints against our snapshot first, which is older than the lock.
      if (!isStale(error)) throw error;
    }
  }
  throw new Overloaded('the coupon changes too fast');
}

interface Row extends CouponRow {
  version: 'before' | 'after';
  refusal: 'stock_already_claimed' | 'window_reversed' | null;
}

function outcomeOf(rows: Row[]): ChangeOutcome {
  const before = rows.find(({ version }) => version === 'before');
  const after = rows.find(({ version }) => version === 'after');
  if (!before) return 'coupon_not_found';
  return after
    ? { before: couponOf(before), after: couponOf(after) }
    : (before.refusal ?? 'coupon_not_found');
}

/** Returns the coupon before the change and after it, or the first one alone. */
function update(sql: Sql, database: Database, name: string, { amount, starts_at, ends_at }: CouponChange) {
  const id = eventId(sql, database, 'changed_coupon');
  return sql<Row[]>`
    -- Claims of the coupon wait here, and then read the changed row. Without the lock, the values before
    -- the change would be those of our snapshot.
    with locked_coupon as (
      select * from coupons where name = ${name} for no key update
    ),
    wanted as (
      select name,
        coalesce(${amount ?? null}::int, amount) as amount,
        case when ${starts_at === undefined} then starts_at else ${starts_at ?? null}::timestamptz end as starts_at,
        case when ${ends_at === undefined} then ends_at else ${ends_at ?? null}::timestamptz end as ends_at
      from locked_coupon
    ),
    refusal as (
      select case
        when wanted.amount < locked_coupon.amount - remaining_amount then 'stock_already_claimed'
        when wanted.starts_at >= wanted.ends_at then 'window_reversed'
      end as refusal
      from locked_coupon join wanted using (name)
    ),
    changed_coupon as (
      update coupons
      set amount = wanted.amount,
        remaining_amount = wanted.amount - (coupons.amount - coupons.remaining_amount),
        starts_at = wanted.starts_at,
        ends_at = wanted.ends_at
      from wanted, refusal
      where coupons.name = wanted.name and refusal is null
      returning coupons.*
    )
    ${id.draw},
    logged_change as (
      insert into events (${id.column} type, coupon_names, data)
      select ${id.value} 'coupon.changed', array[after.name], jsonb_build_object(
        'amount', after.amount, 'starts_at', after.starts_at, 'ends_at', after.ends_at,
        'before', jsonb_build_object(
          'amount', before.amount, 'starts_at', before.starts_at, 'ends_at', before.ends_at
        )
      )
      from changed_coupon as after join locked_coupon as before using (name)
      where (after.amount, after.starts_at, after.ends_at)
        is distinct from (before.amount, before.starts_at, before.ends_at)
    )
    select 'before' as version, refusal, ${couponColumns(sql)} from locked_coupon, refusal
    union all
    select 'after', null, ${couponColumns(sql)} from changed_coupon`;
}
