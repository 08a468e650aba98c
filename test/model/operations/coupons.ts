import fc, { type Arbitrary } from 'fast-check';
import { anyAmount, anyCoupon, type Operation, type Weighted } from '../operation.js';
import { refused, type Seen } from '../seen.js';
import {
  addCoupon,
  appendEvent,
  type Coupon,
  eventWords,
  isReversed,
  listed,
  TIMES,
  type Time,
  unitWords,
  type Values,
  windowWords,
} from '../state.js';

/** The operations on coupons. */

const anyBound = (...times: Time[]) => fc.constantFrom(undefined, ...times.map((time) => TIMES[time]));
const anyStart = anyBound('two days ago', 'two days ago', 'tomorrow');
const anyEnd = anyBound('yesterday', 'in two days', 'in two days');

export const pathOf = (coupon: string) => `/api/coupons/${encodeURIComponent(coupon)}`;

const anyCreation = fc
  .record({ coupon: anyCoupon, amount: anyAmount, starts_at: often(anyStart), ends_at: often(anyEnd) })
  .map(({ coupon, amount, starts_at, ends_at }) =>
    createCoupon(coupon, { amount, ...(starts_at && { starts_at }), ...(ends_at && { ends_at }) }),
  );

/** Most coupons have no window. */
function often<T>(bound: Arbitrary<T | undefined>): Arbitrary<T | undefined> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, bound);
}

export function createCoupon(name: string, values: Values): Operation {
  return {
    operationId: 'createCoupon',
    words: `create ${name} with ${unitWords(values.amount)}${windowWords(values)}`,
    isUseful: ({ coupons }) => !coupons[name],
    request: (own) => ({ method: 'POST', path: '/api/coupons', body: { name: own(name), ...values } }),
    decide(state) {
      if (isReversed(values)) return refused(400, 'invalid_request');
      if (state.coupons[name]) return refused(409, 'coupon_exists');
      addCoupon(state, name, { ...values, claims: [], released: [] });
      appendEvent(state, name, eventWords('coupon.created', values));
      return { status: 201, headers: { location: pathOf(name) } };
    },
  };
}

interface Change {
  amount?: number;
  starts_at?: string | null;
  ends_at?: string | null;
}

const anyChange = fc
  .record({
    coupon: anyCoupon,
    change: fc.record(
      {
        amount: anyAmount,
        starts_at: anyStart.map((time) => time ?? null),
        ends_at: anyEnd.map((time) => time ?? null),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ coupon, change }) => changeCoupon(coupon, change));

function changeCoupon(name: string, change: Change): Operation {
  const amount = change.amount === undefined ? '' : ` to ${unitWords(change.amount)}`;
  return {
    operationId: 'changeCoupon',
    isUseful: ({ coupons }) => coupons[name] !== undefined,
    words: `change ${name}${amount + windowWords(change) || ' in nothing'}`,
    request: (own) => ({ method: 'PATCH', path: pathOf(own(name)), body: change }),
    decide(state) {
      const coupon = state.coupons[name];
      if (!coupon) return refused(404, 'coupon_not_found');
      const before = valuesOf(coupon);
      const after = valuesOf({ ...coupon, ...change });
      if (after.amount < coupon.claims.length) return refused(409, 'stock_already_claimed');
      if (isReversed(after)) return refused(400, 'invalid_request');
      const { claims, released } = coupon;
      const changed = { ...after, claims, released };
      state.coupons[name] = changed;
      if (JSON.stringify(after) !== JSON.stringify(before)) {
        appendEvent(state, name, eventWords('coupon.changed', { ...after, before }));
      }
      return { status: 200, body: listed(name, changed) };
    },
  };
}

function valuesOf({ amount, starts_at, ends_at }: Pick<Coupon, 'amount'> & Change): Values {
  return { amount: amount as number, ...(starts_at && { starts_at }), ...(ends_at && { ends_at }) };
}

function deleteCoupon(name: string): Operation {
  return {
    operationId: 'deleteCoupon',
    isUseful: ({ coupons }) => coupons[name] !== undefined,
    words: `delete ${name}`,
    request: (own) => ({ method: 'DELETE', path: pathOf(own(name)) }),
    decide(state) {
      const coupon = state.coupons[name];
      if (!coupon) return refused(404, 'coupon_not_found');
      if (coupon.claims.length + coupon.released.length > 0) return refused(409, 'coupon_has_claims');
      delete state.coupons[name];
      appendEvent(state, name, eventWords('coupon.deleted'));
      return { status: 204 };
    },
  };
}

export function getCoupon(name: string, { withHolders = true } = {}): Operation {
  return {
    operationId: 'getCoupon',
    isUseful: ({ coupons }) => coupons[name] !== undefined,
    words: `read ${name}${withHolders ? '' : ' without its holders'}`,
    request: (own) => ({ method: 'GET', path: pathOf(own(name)) + (withHolders ? '' : '?claimed_by=false') }),
    decide(state): Seen {
      const coupon = state.coupons[name];
      if (!coupon) return refused(404, 'coupon_not_found');
      const holders = withHolders && { claimed_by: coupon.claims.map(({ user }) => user) };
      return { status: 200, body: { ...listed(name, coupon), ...holders } };
    },
  };
}

const anyReading = fc
  .record({ coupon: anyCoupon, withHolders: fc.boolean() })
  .map(({ coupon, withHolders }) => getCoupon(coupon, { withHolders }));

/** Useless creations are left out. So a history has its first coupon soon. */
export const couponOperations: Weighted[] = [
  { weight: 12, arbitrary: anyCreation },
  { weight: 4, arbitrary: anyChange },
  { weight: 2, arbitrary: anyCoupon.map(deleteCoupon) },
  { weight: 2, arbitrary: anyReading },
];
