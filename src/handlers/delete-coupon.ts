import type { Handler } from '../contract.js';
import * as coupons from '../coupons/delete-coupon.js';
import type { Database } from '../database/database.js';
import { sendProblem } from '../http/problems.js';

export function deleteCoupon(database: Database): Handler<'deleteCoupon'> {
  return async (request, reply) => {
    const outcome = await coupons.deleteCoupon(database, request.params.name);
    return outcome === 'deleted' ? reply.code(204).send() : sendProblem(reply, outcome);
  };
}
