import type { Claims } from '../claims/lanes.js';
import type { Handlers } from '../contract.js';
import type { Database } from '../database/database.js';
import type { EventLog } from '../events/event-log.js';
import type { Followers } from '../events/followers.js';
import { claimCoupon } from './claim-coupon.js';
import { createCoupon } from './create-coupon.js';
import { getClaim } from './get-claim.js';
import { getCoupon } from './get-coupon.js';
import { getHealth } from './get-health.js';
import { listEvents } from './list-events.js';

/** What the handlers work on. */
export interface Parts {
  database: Database;
  claims: Claims;
  log: EventLog;
  followers: Followers;
}

/** A handler for every operation of openapi.yaml. */
export function bindHandlers({ database, claims, log, followers }: Parts): Handlers {
  return {
    getHealth: getHealth(database),
    createCoupon: createCoupon(database),
    getCoupon: getCoupon(database),
    claimCoupon: claimCoupon(claims),
    getClaim: getClaim(database),
    listEvents: listEvents(log, followers),
  };
}
