import type { Handler } from '../contract.js';
import { readBound } from '../coupons/coupon.js';
import * as coupons from '../coupons/create-coupon.js';
import { logChange } from '../http/log-change.js';
import { sendProblem, sendWindowReversed } from '../http/problems.js';
import type { Shards } from '../shards/shards.js';

export function createCoupon(shards: Shards): Handler<'createCoupon'> {
  return async (request, reply) => {
    const { name, amount, starts_at, ends_at } = request.body;
    const outcome = await coupons.createCoupon(shards.of(name), {
      name,
      amount,
      starts_at: readBound(starts_at ?? null),
      ends_at: readBound(ends_at ?? null),
    });
    switch (outcome) {
      case 'created':
        logChange(request, 'coupon created', { coupon: name, to: { amount, starts_at, ends_at } });
        reply.header('Location', `${request.routeOptions.url}/${encodeURIComponent(name)}`);
        return reply.code(201).send();
      case 'window_reversed':
        return sendWindowReversed(reply);
      default:
        return sendProblem(reply, outcome);
    }
  };
}
