import type { Handler } from '../contract.js';
import * as coupons from '../coupons/create-coupon.js';
import type { Database } from '../database/database.js';
import { sendProblem } from '../http/problems.js';

export function createCoupon(database: Database): Handler<'createCoupon'> {
  return async (request, reply) => {
    const { name, amount } = request.body;
    if (!(await coupons.createCoupon(database, name, amount))) return sendProblem(reply, 'coupon_exists');
    reply.header('Location', `${request.routeOptions.url}/${encodeURIComponent(name)}`);
    return reply.code(201).send();
  };
}
