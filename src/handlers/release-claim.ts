import * as claims from '../claims/release-claim.js';
import type { Handler } from '../contract.js';
import { logChange } from '../http/log-change.js';
import { sendProblem } from '../http/problems.js';
import type { Shards } from '../shards/shards.js';

export function releaseClaim(shards: Shards): Handler<'releaseClaim'> {
  return async (request, reply) => {
    const { name, user_id } = request.params;
    const isReleased = await claims.releaseClaim(shards.of(name), name, user_id);
    if (!isReleased) return sendProblem(reply, 'claim_not_found');
    logChange(request, 'claim released', { coupon: name, user: user_id });
    return reply.code(204).send();
  };
}
