import type { Claims } from '../claims/lanes.js';
import type { Handlers } from '../contract.js';
import type { Database } from '../database/database.js';
import { claimCoupon } from './claim-coupon.js';
import { createCoupon } from './create-coupon.js';
import { getClaim } from './get-claim.js';
import { getCoupon } from './get-coupon.js';
import { getHealth } from './get-health.js';

/** A handler for every operation of openapi.yaml. */
export function bindHandlers(database: Database, claims: Claims): Handlers {
  return {
    getHealth: getHealth(database),
    createCoupon: createCoupon(database),
    getCoupon: getCoupon(database),
    claimCoupon: claimCoupon(claims),
    getClaim: getClaim(database),
  };
}
