import type { Handler } from '../contract.js';
import * as coupons from '../coupons/delete-coupon.js';
import type { Database } from '../database/database.js';
import { logChange } from '../http/log-change.js';
import { sendProblem } from '../http/problems.js';

export function deleteCoupon(database: Database): Handler<'deleteCoupon'> {
  return async (request, reply) => {
    const { name } = request.params;
    const outcome = await coupons.deleteCoupon(database, name);
    if (typeof outcome === 'string') return sendProblem(reply, outcome);
    logChange(request, 'coupon deleted', { coupon: name, from: outcome.deleted });
    return reply.code(204).send();
  };
}
