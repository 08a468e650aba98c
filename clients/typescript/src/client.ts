import createOpenapiClient, { type Client } from 'openapi-fetch';
import type { components, paths } from '../generated/openapi.js';
import { call } from './call.js';
import { createCoupon, unlessGone } from './changes.js';
import { type ClaimOptions, type ClaimResult, claim } from './claim.js';
import { type ClaimToMake, claimMany, type ManyResult } from './claim-many.js';
import { type EventOptions, readEvents } from './events.js';
import { itemsOf, type ListOptions } from './lists.js';
import type { Claim, Coupon, CouponChange, CouponEvent, ListedClaim, NewCoupon } from './schemas.js';
import { type CallOptions, type ClientOptions, settingsOf } from './settings.js';
import type { Reply, Send } from './try-once.js';

/** The client of openapi-fetch: each request once, as it is. */
export type RawClient = Client<paths>;

type ClaimPage = components['schemas']['ClaimPage'];

export type CouponWithHolders = Coupon & { claimed_by: string[] };

export interface CouponListOptions extends ListOptions {
  /** Lists only the coupons in this state, by the clock of the database. */
  state?: NonNullable<NonNullable<paths['/api/coupons']['get']['parameters']['query']>['state']> | undefined;
}

/**
 * A client of the service. Each operation is repeated when the connection breaks and when the server is busy
 * or away, until it is decided or the deadline passes. Each one throws a `CouponError`, or the reason of its
 * signal.
 */
export interface CouponClient {
  /** Claims a coupon for a user, and returns what became of it. A refusal is a result, and no error. */
  claim(couponName: string, userId: string, options?: ClaimOptions): Promise<ClaimResult>;
  /** Claims for many users, in requests of up to 1,000. Returns what became of each claim, in their order. */
  claimMany(claims: readonly ClaimToMake[], options?: CallOptions): Promise<ManyResult[]>;
  /** Looks the claim of a user up. Without one: `claim_not_found`. */
  getClaim(couponName: string, userId: string, options?: CallOptions): Promise<Claim>;
  /** Releases the claim of a user. Without one: `claim_not_found`. */
  releaseClaim(couponName: string, userId: string, options?: CallOptions): Promise<void>;
  /** Creates a coupon. If there is one with this name: `coupon_exists`. */
  createCoupon(coupon: NewCoupon, options?: CallOptions): Promise<void>;
  /** Reads a coupon, with its holders unless `claimedBy` is false. */
  getCoupon(name: string, options: CallOptions & { claimedBy: false }): Promise<Coupon>;
  getCoupon(name: string, options?: CallOptions & { claimedBy?: true }): Promise<CouponWithHolders>;
  /** Changes the stock or the window of a coupon, and returns it. */
  changeCoupon(name: string, change: CouponChange, options?: CallOptions): Promise<Coupon>;
  /** Deletes a coupon that was never claimed. */
  deleteCoupon(name: string, options?: CallOptions): Promise<void>;
  /** Lists the coupons in the order of their names. */
  listCoupons(options?: CouponListOptions): AsyncGenerator<Coupon, void, undefined>;
  /** Lists the claims for a coupon in their order. */
  listClaims(couponName: string, options?: ListOptions): AsyncGenerator<ListedClaim, void, undefined>;
  /** Lists the claims of a user in the order of their coupons. */
  listUserClaims(userId: string, options?: ListOptions): AsyncGenerator<ListedClaim, void, undefined>;
  /** Follows the log: every change exactly once and in order, also while the server is away at times. */
  events(options?: EventOptions): AsyncGenerator<CouponEvent, void, undefined>;
  /** For everything else, and for middleware of openapi-fetch: `raw.use(…)` counts for the whole client. */
  readonly raw: RawClient;
}

/** @throws RangeError or TypeError if an option is invalid. */
export function createClient(options: ClientOptions): CouponClient {
  const settings = settingsOf(options);
  const raw = createOpenapiClient<paths>({
    baseUrl: baseUrlOf(options.baseUrl),
    fetch: settings.fetch,
    // A redirected POST would become a GET, and its 200 would look like a claim.
    redirect: 'manual',
    ...(options.apiKey !== undefined && { headers: { Authorization: `Bearer ${options.apiKey}` } }),
  });
  const read = async <Data>(name: string, options: CallOptions, send: Send<Data>) =>
    (await call(settings, { name, isWrite: false }, options, send)).data;
  const write = async <Data>(name: string, options: CallOptions, send: Send<Data>) =>
    (await call(settings, { name, isWrite: true }, options, send)).data;

  const client = {
    raw,
    claim: (couponName, userId, options = {}) => claim(raw, settings, couponName, userId, options),
    claimMany: (claims, options = {}) => claimMany(raw, settings, claims, options),
    async getClaim(name, user_id, options = {}) {
      const params = { path: pathOf({ name, user_id }) };
      return read('getClaim', options, (init) =>
        raw.GET('/api/coupons/{name}/claims/{user_id}', { params, ...init }),
      );
    },
    async releaseClaim(name, user_id, options = {}) {
      const params = { path: pathOf({ name, user_id }) };
      const released = write('releaseClaim', options, (init) =>
        raw.DELETE('/api/coupons/{name}/claims/{user_id}', { params, ...init }),
      );
      return unlessGone(released);
    },
    createCoupon: (body, options = {}) =>
      createCoupon(
        body,
        () => write('createCoupon', options, (init) => raw.POST('/api/coupons', { body, ...init })),
        () => client.getCoupon(body.name, { ...options, claimedBy: false }),
      ),
    async getCoupon(name: string, options: CallOptions & { claimedBy?: boolean } = {}) {
      const query = options.claimedBy === false ? { claimed_by: false } : {};
      const params = { path: pathOf({ name }), query };
      return read('getCoupon', options, (init) =>
        raw.GET('/api/coupons/{name}', { params, ...init }),
      ) as Promise<CouponWithHolders>;
    },
    async changeCoupon(name, body, options = {}) {
      const params = { path: pathOf({ name }) };
      return write('changeCoupon', options, (init) =>
        raw.PATCH('/api/coupons/{name}', { params, body, ...init }),
      );
    },
    async deleteCoupon(name, options = {}) {
      const params = { path: pathOf({ name }) };
      const deleted = write('deleteCoupon', options, (init) =>
        raw.DELETE('/api/coupons/{name}', { params, ...init }),
      );
      return unlessGone(deleted);
    },
    listCoupons: ({ state, pageSize, ...options } = {}) =>
      itemsOf(options.signal, (cursor) => {
        const query = { ...pageQuery(pageSize, cursor), ...(state !== undefined && { state }) };
        return read('listCoupons', options, (init) =>
          raw.GET('/api/coupons', { params: { query }, ...init }),
        );
      }),
    listClaims: (name, { pageSize, ...options } = {}) =>
      itemsOf(options.signal, async (cursor) => {
        const params = { path: pathOf({ name }), query: pageQuery(pageSize, cursor) };
        return read('listClaims', options, (init) => {
          const sent = raw.GET('/api/coupons/{name}/claims', { params, ...init });
          return sent as Promise<Reply<ClaimPage>>;
        });
      }),
    listUserClaims: (user_id, { pageSize, ...options } = {}) =>
      itemsOf(options.signal, async (cursor) => {
        const params = { path: pathOf({ user_id }), query: pageQuery(pageSize, cursor) };
        return read('listUserClaims', options, (init) =>
          raw.GET('/api/users/{user_id}/claims', { params, ...init }),
        );
      }),
    events: (options = {}) => readEvents(raw, settings, options),
  } satisfies CouponClient as CouponClient;
  return client;
}

/** Throws here, and not at the first request. */
function baseUrlOf(text: string): string {
  new URL(text);
  return text;
}

function pageQuery(limit: number | undefined, cursor: string | undefined) {
  return { ...(limit !== undefined && { limit }), ...(cursor !== undefined && { cursor }) };
}

/** @throws RangeError for a value that no URL can carry: `fetch` would take it for a step in the path. */
function pathOf<Path extends Record<string, string>>(path: Path): Path {
  for (const [name, value] of Object.entries(path)) {
    if (['', '.', '..'].includes(value)) throw new RangeError(`a URL cannot carry the ${name} "${value}"`);
  }
  return path;
}
