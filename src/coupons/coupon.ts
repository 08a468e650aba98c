import type { PendingQuery, Row, Sql } from 'postgres';
import { breaksConstraint } from '../database/errors.js';

/** A coupon without its holders, as clients see it. */
export interface Coupon {
  name: string;
  amount: number;
  remaining_amount: number;
  state: CouponState;
  starts_at?: string;
  ends_at?: string;
}

export type CouponState = 'scheduled' | 'open' | 'sold_out' | 'ended';

/** When a coupon can be claimed. Null: no bound. */
export interface SaleWindow {
  starts_at: Date | null;
  ends_at: Date | null;
}

/** Reads a bound of a window as clients send it. */
export function readBound<Nothing extends null | undefined>(text: string | Nothing): Date | Nothing {
  return typeof text === 'string' ? new Date(text) : text;
}

export interface CouponRow extends SaleWindow {
  name: string;
  amount: number;
  remaining_amount: number;
  state: CouponState;
}

/** The columns of a `CouponRow`. The order of the cases is that of the claim statement's refusals. */
export function couponColumns(sql: Sql): PendingQuery<Row[]> {
  return sql`
    name, amount, remaining_amount, starts_at, ends_at,
    case
      when starts_at > now() then 'scheduled'
      when ends_at <= now() then 'ended'
      when remaining_amount = 0 then 'sold_out'
      else 'open'
    end as state`;
}

export function couponOf({ name, amount, remaining_amount, state, starts_at, ends_at }: CouponRow): Coupon {
  return {
    name,
    amount,
    remaining_amount,
    state,
    ...(starts_at && { starts_at: starts_at.toISOString() }),
    ...(ends_at && { ends_at: ends_at.toISOString() }),
  };
}

/** Whether the database refused a window that ends before it starts. */
export function isWindowReversed(error: unknown): boolean {
  return breaksConstraint(error, 'coupons_start_before_end');
}

/** Whether a change, which was right for the locked row, broke a constraint on the row of the snapshot. */
export function isStale(error: unknown): boolean {
  return isWindowReversed(error) || breaksConstraint(error, 'coupons_remaining_amount_in_stock');
}
