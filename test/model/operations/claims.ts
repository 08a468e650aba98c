import fc from 'fast-check';
import { anyCoupon, anyKey, anyUser, type Operation, type Weighted } from '../operation.js';
import { refused } from '../seen.js';
import { appendEvent, eventWords, type State, stateOf } from '../state.js';
import { pathOf } from './coupons.js';

/** The operations on claims. */

/** The start of a sale is always further away. */
const RETRY_AFTER_SECONDS_MAX = '60';

export function claimCoupon(name: string, user: string, key: string | undefined): Operation {
  return {
    operationId: 'claimCoupon',
    isUseful: ({ coupons }) => coupons[name] !== undefined,
    words: `claim ${name} for ${user}${key ? ` with ${key}` : ''}`,
    request: (own) => ({
      method: 'POST',
      path: '/api/coupons/claim',
      body: { coupon_name: own(name), user_id: own(user) },
      ...(key && { headers: { 'Idempotency-Key': key } }),
    }),
    decide(state) {
      const coupon = state.coupons[name];
      if (!coupon) return refused(404, 'coupon_not_found');
      const isSame = (claim: { user: string; key: string | null }) =>
        claim.user === user && claim.key === key;
      if (coupon.released.some(isSame)) return refused(409, 'claim_released');
      if (coupon.claims.some(isSame)) return { status: 200, headers: { 'idempotent-replayed': 'true' } };
      if (coupon.claims.some((claim) => claim.user === user)) return refused(409, 'already_claimed');
      switch (stateOf(coupon)) {
        case 'scheduled':
          return refused(400, 'sale_not_started', { 'retry-after': RETRY_AFTER_SECONDS_MAX });
        case 'ended':
          return refused(400, 'sale_ended');
        case 'sold_out':
          return refused(400, 'out_of_stock');
        default: {
          const number = coupon.claims.length + coupon.released.length + 1;
          coupon.claims.push({ user, key: key ?? null, number });
          appendEvent(state, name, eventWords('claim.made', { user_id: user }));
          return { status: 200 };
        }
      }
    },
  };
}

type Claim = [name: string, user: string, key: string | undefined];

function claimCoupons(claims: Claim[]): Operation {
  const parts = claims.map((claim) => claimCoupon(...claim));
  return {
    operationId: 'claimCoupons',
    isUseful: (state) => parts.some((part) => part.isUseful(state)),
    words: `in one request: ${parts.map(({ words }) => words).join(', ')}`,
    request: (own) => ({
      method: 'POST',
      path: '/api/claims',
      body: {
        claims: claims.map(([name, user, key]) => ({
          coupon_name: own(name),
          user_id: own(user),
          ...(key && { idempotency_key: key }),
        })),
      },
    }),
    decide: () => ({ status: 200 }),
    parts,
  };
}

const holds =
  (name: string, user: string) =>
  ({ coupons }: State) =>
    coupons[name]?.claims.some((claim) => claim.user === user) === true;

const claimPath = (coupon: string, user: string) => `${pathOf(coupon)}/claims/${encodeURIComponent(user)}`;

function releaseClaim(name: string, user: string): Operation {
  return {
    operationId: 'releaseClaim',
    isUseful: holds(name, user),
    words: `release the claim of ${user} for ${name}`,
    request: (own) => ({ method: 'DELETE', path: claimPath(own(name), own(user)) }),
    decide(state) {
      const coupon = state.coupons[name];
      const claim = coupon?.claims.find((claim) => claim.user === user);
      if (!coupon || !claim) return refused(404, 'claim_not_found');
      coupon.claims.splice(coupon.claims.indexOf(claim), 1);
      coupon.released.push({ user, key: claim.key });
      appendEvent(state, name, eventWords('claim.released', { user_id: user }));
      return { status: 204 };
    },
  };
}

function getClaim(name: string, user: string): Operation {
  return {
    operationId: 'getClaim',
    isUseful: holds(name, user),
    words: `look up the claim of ${user} for ${name}`,
    request: (own) => ({ method: 'GET', path: claimPath(own(name), own(user)) }),
    decide(state) {
      const index = state.coupons[name]?.claims.findIndex((claim) => claim.user === user) ?? -1;
      if (index === -1) return refused(404, 'claim_not_found');
      return { status: 200, body: { user_id: user, coupon_name: name, position: index + 1 } };
    },
  };
}

const anyClaim: fc.Arbitrary<Claim> = fc.tuple(anyCoupon, anyUser, anyKey);

export const claimOperations: Weighted[] = [
  { weight: 16, arbitrary: anyClaim.map((claim) => claimCoupon(...claim)) },
  { weight: 4, arbitrary: fc.array(anyClaim, { minLength: 1, maxLength: 3 }).map(claimCoupons) },
  { weight: 8, arbitrary: fc.tuple(anyCoupon, anyUser).map((claim) => releaseClaim(...claim)) },
  { weight: 1, arbitrary: fc.tuple(anyCoupon, anyUser).map((claim) => getClaim(...claim)) },
];
