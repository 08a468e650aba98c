import * as claims from '../claims/get-claim.js';
import type { Handler } from '../contract.js';
import { sendProblem } from '../http/problems.js';
import type { Shards } from '../shards/shards.js';

export function getClaim(shards: Shards): Handler<'getClaim'> {
  return async (request, reply) => {
    const { name, user_id } = request.params;
    const claim = await claims.getClaim(shards.of(name), name, user_id);
    return claim ? reply.code(200).send(claim) : sendProblem(reply, 'claim_not_found');
  };
}
