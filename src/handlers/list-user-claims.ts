import * as claims from '../claims/list-user-claims.js';
import type { Handler } from '../contract.js';
import { listByName, pageBody, readPageQuery, sendInvalidCursor } from '../http/lists.js';
import type { Shards } from '../shards/shards.js';

export function listUserClaims({ all }: Shards): Handler<'listUserClaims'> {
  return async (request, reply) => {
    const { user_id } = request.params;
    const list = listByName(`claims of user ${user_id}`);
    const wanted = readPageQuery(list, request.query);
    if (!wanted) return sendInvalidCursor(reply);
    const page = await claims.listUserClaims(all, user_id, wanted);
    return reply.code(200).send(pageBody(list, page));
  };
}
