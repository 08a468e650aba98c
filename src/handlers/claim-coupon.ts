import type { Claims } from '../claims/claims.js';
import type { SaleNotStarted } from '../claims/outcome.js';
import type { Handler } from '../contract.js';
import { sendProblem } from '../http/problems.js';

/** The start may be moved forward: clients ask again within a minute. */
const RETRY_AFTER_SECONDS_MAX = 60;

export function claimCoupon(claims: Claims): Handler<'claimCoupon'> {
  return async (request, reply) => {
    const { user_id, coupon_name } = request.body;
    const key = request.headers['idempotency-key'];
    const outcome = await claims.claimCoupon(coupon_name, user_id, key, reply.raw);
    if (typeof outcome === 'object') {
      return sendProblem(reply.header('Retry-After', String(retryAfterSeconds(outcome))), outcome.code);
    }
    switch (outcome) {
      case 'claimed':
        return reply.code(200).send();
      case 'replayed':
        if (key !== undefined) reply.header('Idempotent-Replayed', 'true');
        return reply.code(200).send();
      default:
        return sendProblem(reply, outcome);
    }
  };
}

/** When to ask again for a coupon whose sale has not started. */
export function retryAfterSeconds({ startsInSeconds }: SaleNotStarted): number {
  return Math.min(startsInSeconds, RETRY_AFTER_SECONDS_MAX);
}
