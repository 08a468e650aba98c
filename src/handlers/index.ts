import type { Claims } from '../claims/claims.js';
import type { Handlers } from '../contract.js';
import type { Log } from '../events/event-log.js';
import type { Followers } from '../events/followers.js';
import type { Shards } from '../shards/shards.js';
import { changeCoupon } from './change-coupon.js';
import { claimCoupon } from './claim-coupon.js';
import { claimCoupons } from './claim-coupons.js';
import { createCoupon } from './create-coupon.js';
import { deleteCoupon } from './delete-coupon.js';
import { getClaim } from './get-claim.js';
import { getCoupon } from './get-coupon.js';
import { getHealth } from './get-health.js';
import { getLiveness } from './get-liveness.js';
import { getReadiness } from './get-readiness.js';
import { listClaims } from './list-claims.js';
import { listCoupons } from './list-coupons.js';
import { listEvents } from './list-events.js';
import { listUserClaims } from './list-user-claims.js';
import { releaseClaim } from './release-claim.js';

/** What the handlers work on. */
export interface Parts {
  shards: Shards;
  claims: Claims;
  log: Log;
  followers: Followers;
  /** Whether the application is being closed. */
  isStopping: () => boolean;
}

/** A handler for every operation of openapi.yaml. */
export function bindHandlers({ shards, claims, log, followers, isStopping }: Parts): Handlers {
  return {
    getHealth: getHealth(shards),
    getLiveness: getLiveness(),
    getReadiness: getReadiness(shards, isStopping),
    listCoupons: listCoupons(shards),
    createCoupon: createCoupon(shards),
    getCoupon: getCoupon(shards),
    claimCoupon: claimCoupon(claims),
    claimCoupons: claimCoupons(claims),
    changeCoupon: changeCoupon(shards),
    deleteCoupon: deleteCoupon(shards),
    listClaims: listClaims(shards),
    getClaim: getClaim(shards),
    releaseClaim: releaseClaim(shards),
    listUserClaims: listUserClaims(shards),
    listEvents: listEvents(log, followers),
  };
}
