import type { Claimer } from '../claims/lanes.js';
import type { Handlers } from '../contract.js';
import type { Database } from '../database/database.js';
import { claimCoupon } from './claim-coupon.js';
import { createCoupon } from './create-coupon.js';
import { getClaim } from './get-claim.js';
import { getCoupon } from './get-coupon.js';
import { getHealth } from './get-health.js';

/** Every operation of openapi.yaml, bound to what it works on. */
export function bindHandlers(database: Database, engine: Claimer): Handlers {
  return {
    getHealth: getHealth(database),
    createCoupon: createCoupon(database),
    getCoupon: getCoupon(database),
    claimCoupon: claimCoupon(engine),
    getClaim: getClaim(database),
  };
}
