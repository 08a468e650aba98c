import { Readable } from 'node:stream';
import type { Handler } from '../contract.js';
import * as coupons from '../coupons/get-coupon.js';
import type { Database } from '../database/database.js';
import { sendProblem } from '../http/problems.js';

export function getCoupon(database: Database): Handler<'getCoupon'> {
  return async (request, reply) => {
    const reading = await coupons.getCoupon(database, request.params.name);
    if (!reading) return sendProblem(reply, 'coupon_not_found');
    const { coupon, rest } = reading;
    if (!rest) return reply.code(200).send(coupon);

    const json = Readable.from(couponJson(coupon, rest));
    // A generator that never started cannot clean up: the client may leave before the first page.
    json.once('close', rest.close);
    // The contract's type is that of the JSON in the stream.
    return reply
      .type('application/json')
      .code(200)
      .send(json as never);
  };
}

/** The coupon as JSON text, page by page: memory stays bounded for any number of holders. */
async function* couponJson(
  coupon: coupons.CouponWithHolders,
  rest: coupons.CouponPages,
): AsyncGenerator<string> {
  yield JSON.stringify(coupon).slice(0, -']}'.length);
  for await (const page of rest) yield `,${JSON.stringify(page).slice(1, -1)}`;
  yield ']}';
}
