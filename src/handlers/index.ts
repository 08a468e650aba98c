import type { Claims } from '../claims/lanes.js';
import type { Handlers } from '../contract.js';
import type { Database } from '../database/database.js';
import type { EventLog } from '../events/event-log.js';
import type { Followers } from '../events/followers.js';
import { changeCoupon } from './change-coupon.js';
import { claimCoupon } from './claim-coupon.js';
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
  database: Database;
  claims: Claims;
  log: EventLog;
  followers: Followers;
  /** Whether the application is being closed. */
  isStopping: () => boolean;
}

/** A handler for every operation of openapi.yaml. */
export function bindHandlers({ database, claims, log, followers, isStopping }: Parts): Handlers {
  return {
    getHealth: getHealth(database),
    getLiveness: getLiveness(),
    getReadiness: getReadiness(database, isStopping),
    listCoupons: listCoupons(database),
    createCoupon: createCoupon(database),
    getCoupon: getCoupon(database),
    claimCoupon: claimCoupon(claims),
    changeCoupon: changeCoupon(database),
    deleteCoupon: deleteCoupon(database),
    listClaims: listClaims(database),
    getClaim: getClaim(database),
    releaseClaim: releaseClaim(database),
    listUserClaims: listUserClaims(database),
    listEvents: listEvents(log, followers),
  };
}
