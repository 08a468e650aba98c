import type { components } from '../../generated/openapi.js';
import { formatCursor } from './cursor.js';

/** A change as clients see it, with the attributes of CloudEvents 1.0. */
export type Event = components['schemas']['Event'];

/** One event of a row of the log. */
export interface EventRow {
  epoch: string;
  id: number;
  /** The place in the row. The first one has 1. */
  ordinal: number;
  created_at: Date;
  type: Event['type'];
  coupon_name: string;
  user_id: string | null;
  claim_number: number | null;
  data: (CouponValues & { before?: CouponValues }) | null;
}

interface CouponValues {
  amount: number;
  starts_at?: string | null;
  ends_at?: string | null;
}

/** @param isLast whether the row has no event behind this one. */
export function eventOf(row: EventRow, isLast: boolean): Event {
  const { epoch, id, ordinal, created_at, type, coupon_name } = row;
  return {
    specversion: '1.0',
    id: formatCursor({ epoch, rowId: id, count: isLast ? 0 : ordinal }),
    source: '/api/coupons',
    type,
    subject: coupon_name,
    time: created_at.toISOString(),
    datacontenttype: 'application/json',
    data: dataOf(row),
  };
}

function dataOf({ coupon_name, user_id, claim_number, data }: EventRow): Event['data'] {
  if (user_id !== null && claim_number !== null) return { coupon_name, user_id, claim_number };
  if (!data) return { name: coupon_name };
  const { before } = data;
  return { name: coupon_name, ...valuesOf(data), ...(before && { before: valuesOf(before) }) };
}

/** PostgreSQL writes times with an offset, and null for a bound that does not exist. */
function valuesOf({ amount, starts_at, ends_at }: CouponValues) {
  return {
    amount,
    ...(starts_at && { starts_at: new Date(starts_at).toISOString() }),
    ...(ends_at && { ends_at: new Date(ends_at).toISOString() }),
  };
}
