import type { Handler } from '../contract.js';
import type { Coupon } from '../coupons/coupon.js';
import * as coupons from '../coupons/get-coupon.js';
import { sendProblem } from '../http/problems.js';
import { sendStream } from '../http/stream.js';
import type { Shards } from '../shards/shards.js';

export function getCoupon(shards: Shards): Handler<'getCoupon'> {
  return async (request, reply) => {
    const { name } = request.params;
    if (request.query.claimed_by === false) {
      const coupon = await coupons.getCouponWithoutHolders(shards.of(name), name);
      return coupon ? reply.code(200).send(coupon) : sendProblem(reply, 'coupon_not_found');
    }
    const reading = await coupons.getCoupon(shards.of(name), name);
    if (!reading) return sendProblem(reply, 'coupon_not_found');
    const { coupon, holders } = reading;
    if (Array.isArray(holders)) return reply.code(200).send({ ...coupon, claimed_by: holders });
    return sendStream(reply, 'application/json', couponJson(coupon, holders), () => holders.close());
  };
}

/** The coupon as JSON text, page by page: memory stays bounded for any number of holders. */
async function* couponJson(coupon: Coupon, holders: AsyncIterable<string[]>): AsyncGenerator<string> {
  // claimed_by comes last: the pages follow it.
  yield JSON.stringify({ ...coupon, claimed_by: [] }).slice(0, -']}'.length);
  let comma = '';
  for await (const page of holders) {
    yield comma + JSON.stringify(page).slice(1, -1);
    comma = ',';
  }
  yield ']}';
}
