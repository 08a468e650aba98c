import { Readable } from 'node:stream';
import type { Handler } from '../contract.js';
import { type CouponReading, readCoupon } from '../coupons/read-coupon.js';
import type { Database } from '../database.js';
import { sendProblem } from '../problems.js';

export function getCoupon(database: Database): Handler<'getCoupon'> {
  return async (request, reply) => {
    const coupon = await readCoupon(database, request.params.name);
    if (!coupon) return sendProblem(reply, 'coupon_not_found');
    const json = Readable.from(couponJson(coupon));
    // Also when the client is gone before the first piece: a generator that has not begun has no end to clean up in.
    json.once('close', coupon.close);
    // The type is that of the JSON that the stream carries.
    reply
      .type('application/json')
      .code(200)
      .send(json as never);
    return reply;
  };
}

/** The coupon as JSON text, piece by piece, so that the number of its holders has no limit. */
async function* couponJson({
  name,
  amount,
  remaining_amount,
  holders,
}: CouponReading): AsyncGenerator<string> {
  let separator = '';
  yield `${JSON.stringify({ name, amount, remaining_amount }).slice(0, -1)},"claimed_by":[`;
  for await (const page of holders) {
    if (page.length === 0) continue;
    yield separator + JSON.stringify(page).slice(1, -1);
    separator = ',';
  }
  yield ']}';
}
