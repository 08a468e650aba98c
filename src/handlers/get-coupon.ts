import { Readable } from 'node:stream';
import type { Handler } from '../contract.js';
import { type Coupon, type CouponPages, readCoupon } from '../coupons/get-coupon.js';
import type { Database } from '../database/database.js';
import { sendProblem } from '../http/problems.js';

export function getCoupon(database: Database): Handler<'getCoupon'> {
  return async (request, reply) => {
    const reading = await readCoupon(database, request.params.name);
    if (!reading) return sendProblem(reply, 'coupon_not_found');
    const { coupon, rest } = reading;
    if (!rest) return reply.code(200).send(coupon);

    const json = Readable.from(couponJson(coupon, rest));
    // Also when the client is gone before the first piece: a generator that has not begun has no end to clean up in.
    json.once('close', rest.close);
    // The type is that of the JSON that the stream carries.
    return reply
      .type('application/json')
      .code(200)
      .send(json as never);
  };
}

/** The coupon as JSON text, piece by piece, so that the number of its holders has no limit. */
async function* couponJson(coupon: Coupon, rest: CouponPages): AsyncGenerator<string> {
  yield JSON.stringify(coupon).slice(0, -']}'.length);
  for await (const page of rest) yield `,${JSON.stringify(page).slice(1, -1)}`;
  yield ']}';
}
