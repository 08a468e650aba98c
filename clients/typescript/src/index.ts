export type { components, operations, paths } from '../generated/openapi.js';
export type { ClaimMade, ClaimOptions, ClaimRefusal, ClaimRefused, ClaimResult } from './claim.js';
export type { ClaimToMake, ManyResult } from './claim-many.js';
export {
  type CouponClient,
  type CouponListOptions,
  type CouponWithHolders,
  createClient,
  type RawClient,
} from './client.js';
export { type ClientCode, CouponError } from './coupon-error.js';
export type { EventOptions } from './events.js';
export type { ListOptions } from './lists.js';
export {
  type Claim,
  type Coupon,
  type CouponChange,
  type CouponEvent,
  type CouponState,
  type ErrorCode,
  type EventData,
  type EventOf,
  isEvent,
  type ListedClaim,
  type NewCoupon,
  type Problem,
} from './schemas.js';
export type { Attempt, CallOptions, ClientOptions, Fetch } from './settings.js';
