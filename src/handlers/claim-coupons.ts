import type { FastifyBaseLogger } from 'fastify';
import type { components } from '../../generated/openapi.js';
import { type Claims, Undecided } from '../claims/claims.js';
import type { ClaimOutcome } from '../claims/outcome.js';
import type { Handler } from '../contract.js';
import { type Failure, failureCodeOf, gravestOf } from '../http/failure-code.js';
import { problemKinds } from '../http/problem-kinds.js';
import { sendInvalidRequest } from '../http/problems.js';
import { WaitingClient } from '../http/waiting-client.js';
import { retryAfterSeconds } from './claim-coupon.js';

type Outcome = components['schemas']['ClaimOutcome'];
type NewClaim = components['schemas']['KeyedClaim'];

export function claimCoupons(claims: Claims): Handler<'claimCoupons'> {
  return async (request, reply) => {
    if (request.headers['idempotency-key'] !== undefined) {
      return sendInvalidRequest(reply, 'each claim must have its own idempotency_key: the header is refused');
    }
    const asked = request.body.claims;
    const outcomes = await claims.claimCoupons(
      asked.map(({ coupon_name, user_id, idempotency_key }) => ({
        couponName: coupon_name,
        userId: user_id,
        key: idempotency_key,
      })),
      new WaitingClient(request.raw, reply.raw),
    );
    const errors = outcomes.filter((outcome) => outcome instanceof Undecided).map(({ error }) => error);
    const gravest = gravestOf(errors);
    if (gravest) {
      // Nothing was changed: all claims may be sent again as they are.
      const isUnchanged = errors.every((error) => failureCodeOf(error) !== 'outcome_unknown');
      if (errors.length === asked.length && isUnchanged) throw gravest.error;
      reply.problemCode = gravest.code;
      logUndecided(request.log, gravest, errors.length);
    }
    return reply.code(200).send({ outcomes: outcomes.map((outcome, i) => describe(outcome, asked[i]!)) });
  };
}

function describe(outcome: ClaimOutcome | Undecided, { idempotency_key }: NewClaim): Outcome {
  if (outcome instanceof Undecided) return describeUndecided(outcome);
  if (typeof outcome === 'object') {
    const { error } = problemKinds[outcome.code];
    return { code: outcome.code, error, retry_after_seconds: retryAfterSeconds(outcome) };
  }
  if (outcome === 'claimed') return { code: outcome };
  // Without a key of the client, the earlier request was an attempt of this one.
  if (outcome === 'replayed') return { code: idempotency_key === undefined ? 'claimed' : outcome };
  return { code: outcome, error: problemKinds[outcome].error };
}

function describeUndecided({ error: cause, key }: Undecided): Outcome {
  const code = failureCodeOf(cause);
  const { error, retryAfterSeconds = 1 } = problemKinds[code];
  const outcome = { code, error, retry_after_seconds: retryAfterSeconds };
  return code === 'outcome_unknown' ? { ...outcome, idempotency_key: key } : outcome;
}

function logUndecided(log: FastifyBaseLogger, { code, error }: Failure, count: number): void {
  if (code === 'internal_error') log.error({ err: error, count }, 'claims failed');
  else log.warn({ err: error, count }, 'claims of a request were not decided');
}
