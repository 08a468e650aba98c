import { claim } from '../claims/claim.js';
import type { Handler } from '../contract.js';
import type { Database } from '../database.js';
import { sendProblem } from '../problems.js';

export function claimCoupon(database: Database): Handler<'claimCoupon'> {
  return async (request, reply) => {
    const { user_id, coupon_name } = request.body;
    const outcome = await claim(database, coupon_name, user_id);
    return outcome === 'claimed' ? reply.code(200).send() : sendProblem(reply, outcome);
  };
}
