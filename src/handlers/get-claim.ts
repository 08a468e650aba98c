import * as claims from '../claims/get-claim.js';
import type { Handler } from '../contract.js';
import type { Database } from '../database/database.js';
import { sendProblem } from '../http/problems.js';

export function getClaim(database: Database): Handler<'getClaim'> {
  return async (request, reply) => {
    const claim = await claims.getClaim(database, request.params.name, request.params.user_id);
    return claim ? reply.code(200).send(claim) : sendProblem(reply, 'claim_not_found');
  };
}
