import type { Handler } from '../contract.js';
import * as coupons from '../coupons/list-coupons.js';
import { listByName, pageBody, readPageQuery, sendInvalidCursor } from '../http/lists.js';
import type { Shards } from '../shards/shards.js';

const LIST = listByName('coupons');

export function listCoupons({ all }: Shards): Handler<'listCoupons'> {
  return async (request, reply) => {
    const wanted = readPageQuery(LIST, request.query);
    if (!wanted) return sendInvalidCursor(reply);
    const page = await coupons.listCoupons(all, { ...wanted, state: request.query.state });
    return reply.code(200).send(pageBody(LIST, page));
  };
}
