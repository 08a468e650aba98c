import fc from 'fast-check';
import type { CouponState } from '../../../src/coupons/coupon.js';
import { encodeCursor, listByName } from '../../../src/http/lists.js';
import { anyCoupon, anyUser, type Operation, type Weighted } from '../operation.js';
import { refused, type Seen } from '../seen.js';
import { listed, type State } from '../state.js';
import { pathOf } from './coupons.js';

/** The lists. Each is read to its end, page by page. Any page may see what happened since the one before. */

const anyLimit = fc.constantFrom(1, 2, 3, 1000);
const anyState = fc.constantFrom<CouponState | undefined>(
  undefined,
  'scheduled',
  'open',
  'sold_out',
  'ended',
);

const queryOf = (query: Record<string, string | number | undefined>) =>
  new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] as [string, string]],
    ),
  );

/**
 * Cuts the page of a walk from all items.
 * @param positionOf the items are in its order.
 */
function pageOf<T>(
  state: State,
  walk: number,
  { items, limit, positionOf }: { items: T[]; limit: number; positionOf: (item: T) => string | number },
): { page: T[]; hasNext: boolean } {
  const after = state.walks[walk];
  const rest = items.filter((item) => after === undefined || positionOf(item) > after);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  if (last) state.walks[walk] = positionOf(last);
  return { page, hasNext: rest.length > limit };
}

/** The other histories have coupons, too. A walk begins where those of ours do, to look at few others. */
function listCoupons(limit: number, wanted: CouponState | undefined): Operation {
  const list = listByName('coupons');
  return {
    operationId: 'listCoupons',
    words: `list the ${wanted ?? ''} coupons, ${limit} a page`.replace('  ', ' '),
    isUseful: () => true,
    request: (own, cursor = encodeCursor(list, own(''))) => ({
      method: 'GET',
      path: `/api/coupons?${queryOf({ limit, state: wanted, cursor })}`,
    }),
    decide(state, walk, seen): Seen {
      const items = Object.entries(state.coupons)
        .map(([name, coupon]) => listed(name, coupon))
        .filter((coupon) => wanted === undefined || coupon.state === wanted);
      const { page, hasNext } = pageOf(state, walk, { items, limit, positionOf: ({ name }) => name });
      // Coupons of other histories may follow.
      return { status: 200, body: page, hasNext: hasNext || seen.hasNext === true };
    },
  };
}

const claimOf = (coupon_name: string, user_id: string) => ({ user_id, coupon_name });

const MEDIA_TYPES = { 'as CSV': 'text/csv', 'as NDJSON': 'application/x-ndjson' };
const anyForm = fc.constantFrom(...(Object.keys(MEDIA_TYPES) as (keyof typeof MEDIA_TYPES)[]));

function listClaims(name: string, form: number | keyof typeof MEDIA_TYPES): Operation {
  const isPage = typeof form === 'number';
  return {
    operationId: 'listClaims',
    isUseful: ({ coupons }) => coupons[name] !== undefined,
    words: `list the claims for ${name}${isPage ? `, ${form} a page` : ` ${form}`}`,
    request: (own, cursor) =>
      isPage
        ? { method: 'GET', path: `${pathOf(own(name))}/claims?${queryOf({ limit: form, cursor })}` }
        : { method: 'GET', path: `${pathOf(own(name))}/claims`, headers: { Accept: MEDIA_TYPES[form] } },
    decide(state, walk) {
      const items = state.coupons[name]?.claims;
      if (!items) return refused(404, 'coupon_not_found');
      const limit = isPage ? form : items.length;
      const { page, hasNext } = pageOf(state, walk, { items, limit, positionOf: ({ number }) => number });
      return { status: 200, body: page.map(({ user }) => claimOf(name, user)), hasNext };
    },
  };
}

function listUserClaims(user: string, limit: number): Operation {
  const listOf = (id: string) => listByName(`claims of user ${id}`);
  return {
    operationId: 'listUserClaims',
    words: `list the claims of ${user}, ${limit} a page`,
    isUseful: () => true,
    request: (own, cursor = encodeCursor(listOf(own(user)), own(''))) => ({
      method: 'GET',
      path: `/api/users/${encodeURIComponent(own(user))}/claims?${queryOf({ limit, cursor })}`,
    }),
    decide(state, walk) {
      const items = Object.keys(state.coupons).filter((name) =>
        state.coupons[name]?.claims.some((claim) => claim.user === user),
      );
      const { page, hasNext } = pageOf(state, walk, { items, limit, positionOf: (name) => name });
      return { status: 200, body: page.map((name) => claimOf(name, user)), hasNext };
    },
  };
}

export const listOperations: Weighted[] = [
  { weight: 1, arbitrary: fc.tuple(anyLimit, anyState).map((list) => listCoupons(...list)) },
  {
    weight: 2,
    arbitrary: fc.tuple(anyCoupon, fc.oneof(anyLimit, anyForm)).map((list) => listClaims(...list)),
  },
  { weight: 1, arbitrary: fc.tuple(anyUser, anyLimit).map((list) => listUserClaims(...list)) },
];
