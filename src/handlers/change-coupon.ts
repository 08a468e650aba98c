import type { Handler } from '../contract.js';
import * as coupons from '../coupons/change-coupon.js';
import { readBound } from '../coupons/coupon.js';
import { logChange } from '../http/log-change.js';
import { sendProblem, sendWindowReversed } from '../http/problems.js';
import type { Shards } from '../shards/shards.js';

export function changeCoupon(shards: Shards): Handler<'changeCoupon'> {
  return async (request, reply) => {
    const { amount, starts_at, ends_at } = request.body;
    const outcome = await coupons.changeCoupon(shards.of(request.params.name), request.params.name, {
      amount,
      starts_at: readBound(starts_at),
      ends_at: readBound(ends_at),
    });
    if (outcome === 'window_reversed') return sendWindowReversed(reply);
    if (typeof outcome === 'string') return sendProblem(reply, outcome);
    const { before, after } = outcome;
    logChange(request, 'coupon changed', { coupon: after.name, from: before, to: after });
    return reply.code(200).send(after);
  };
}
