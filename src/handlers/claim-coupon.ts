import type { Claims } from '../claims/claims.js';
import type { ClaimOutcome, SaleNotStarted } from '../claims/outcome.js';
import type { Handler, ReplyFor } from '../contract.js';
import { sendProblem } from '../http/problems.js';
import { WaitingClient } from '../http/waiting-client.js';

/** The start may be moved forward: clients ask again within a minute. */
const RETRY_AFTER_SECONDS_MAX = 60;

/** Not async: a claim that waits would keep more memory (docs/decisions/0012). */
export function claimCoupon(claims: Claims): Handler<'claimCoupon'> {
  return (request, reply) => {
    const { user_id, coupon_name } = request.body;
    const key = request.headers['idempotency-key'];
    claims
      .claimCoupon(coupon_name, user_id, key, new WaitingClient(request.raw, reply.raw))
      .then((outcome) => answer(reply, outcome, key !== undefined))
      .catch((error) => reply.send(error));
    return undefined;
  };
}

function answer(reply: ReplyFor<'claimCoupon'>, outcome: ClaimOutcome, isKeyGiven: boolean): void {
  if (typeof outcome === 'object') {
    sendProblem(reply.header('Retry-After', String(retryAfterSeconds(outcome))), outcome.code);
  } else if (outcome === 'claimed' || outcome === 'replayed') {
    if (outcome === 'replayed' && isKeyGiven) reply.header('Idempotent-Replayed', 'true');
    reply.code(200).send();
  } else {
    sendProblem(reply, outcome);
  }
}

/** When to ask again for a coupon whose sale has not started. */
export function retryAfterSeconds({ startsInSeconds }: SaleNotStarted): number {
  return Math.min(startsInSeconds, RETRY_AFTER_SECONDS_MAX);
}
