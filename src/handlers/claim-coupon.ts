import type { Claims } from '../claims/lanes.js';
import type { Handler } from '../contract.js';
import { sendProblem } from '../http/problems.js';

export function claimCoupon(claims: Claims): Handler<'claimCoupon'> {
  return async (request, reply) => {
    const { user_id, coupon_name } = request.body;
    const key = request.headers['idempotency-key'];
    const outcome = await claims.claimCoupon(coupon_name, user_id, key, reply.raw);
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
