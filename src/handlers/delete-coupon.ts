import type { Handler } from '../contract.js';
import * as coupons from '../coupons/delete-coupon.js';
import { logChange } from '../http/log-change.js';
import { sendProblem } from '../http/problems.js';
import type { Shards } from '../shards/shards.js';

export function deleteCoupon(shards: Shards): Handler<'deleteCoupon'> {
  return async (request, reply) => {
    const { name } = request.params;
    const outcome = await coupons.deleteCoupon(shards.of(name), name);
    if (typeof outcome === 'string') return sendProblem(reply, outcome);
    logChange(request, 'coupon deleted', { coupon: name, from: outcome.deleted });
    return reply.code(204).send();
  };
}
