import type { components } from '../generated/openapi.js';
import { call } from './call.js';
import { newKey } from './claim.js';
import type { RawClient } from './client.js';
import { CouponError } from './coupon-error.js';
import { backoffMs, isRetried, sleep } from './retry.js';
import type { ErrorCode } from './schemas.js';
import { assertPositive, type CallOptions, type Settings } from './settings.js';

/** A claim among many. */
export interface ClaimToMake {
  couponName: string;
  userId: string;
  /** Names the claim, for all of its attempts. The client makes one, unless given. */
  idempotencyKey?: string | undefined;
}

/** What became of a claim among many. */
export type ManyResult =
  | { ok: true; replayed: boolean; idempotencyKey: string }
  | {
      ok: false;
      code: ErrorCode;
      error: string;
      /** False: the deadline passed first. Claim again with the same key. */
      isDecided: boolean;
      /** Whether the claim may have been made all the same, as of `ClaimRefused`. */
      outcomeUnknown: boolean;
      /** With `sale_not_started`: the milliseconds until the start, at most a minute. */
      retryAfterMs: number | undefined;
      idempotencyKey: string;
    };

type Outcome = components['schemas']['ClaimOutcome'];
interface Pending {
  index: number;
  claim: ClaimToMake & { idempotencyKey: string };
  outcomeUnknown: boolean;
}

/** As many as a request may have. */
const CLAIMS_MAX = 1_000;
const RETRIED_CODES = ['overloaded', 'database_unavailable', 'outcome_unknown'];
/** A request that is refused with one of the last two is sent again until its deadline by `call`. */
const UNDECIDED_CODES = [...RETRIED_CODES, 'internal_error', 'rate_limited', 'request_timeout'];

/**
 * Claims for many, in requests of up to 1,000, one after the other. Claims that are not decided are sent
 * again, with the same keys, until the deadline of their request.
 * @throws CouponError if a request is refused as a whole. Claims of the requests before it may have been
 *   made.
 */
export async function claimMany(
  raw: RawClient,
  settings: Settings,
  claims: readonly ClaimToMake[],
  options: CallOptions,
): Promise<ManyResult[]> {
  const results = new Array<ManyResult>(claims.length);
  const all = claims.map((claim, index): Pending => {
    const { idempotencyKey = newKey() } = claim;
    return { index, claim: { ...claim, idempotencyKey }, outcomeUnknown: false };
  });
  for (let i = 0; i < all.length; i += CLAIMS_MAX) {
    await decide(raw, settings, all.slice(i, i + CLAIMS_MAX), options, results);
  }
  return results;
}

async function decide(
  raw: RawClient,
  settings: Settings,
  claims: Pending[],
  { deadlineMs = settings.deadlineMs, ...options }: CallOptions,
  results: ManyResult[],
): Promise<void> {
  assertPositive({ deadlineMs });
  const startedAt = performance.now();
  const leftMs = () => deadlineMs - (performance.now() - startedAt);
  let pending = claims;
  for (let attempts = 1; ; attempts++) {
    const outcomes = await ask(raw, settings, pending, { ...options, deadlineMs: Math.max(1, leftMs()) });
    let retryAfterSeconds = 0;
    for (const [i, one] of pending.entries()) {
      const outcome = outcomes[i]!;
      one.outcomeUnknown ||= outcome.code === 'outcome_unknown';
      results[one.index] = resultOf(outcome, one);
      if (RETRIED_CODES.includes(outcome.code)) {
        retryAfterSeconds = Math.max(retryAfterSeconds, outcome.retry_after_seconds ?? 0);
      }
    }
    pending = pending.filter((_, i) => RETRIED_CODES.includes(outcomes[i]!.code));
    const pauseMs = backoffMs(attempts, retryAfterSeconds * 1_000);
    if (pending.length === 0 || pauseMs >= leftMs()) return;
    await sleep(pauseMs, options.signal);
  }
}

/** Sends claims until they are answered. If they are not, all of them have the code of the failure. */
async function ask(
  raw: RawClient,
  settings: Settings,
  pending: Pending[],
  options: CallOptions,
): Promise<Outcome[]> {
  const operation = { name: 'claimCoupons', isWrite: true, unchanged: ['database_unavailable'] };
  const claims = pending.map(({ claim: { couponName, userId, idempotencyKey } }) => ({
    coupon_name: couponName,
    user_id: userId,
    idempotency_key: idempotencyKey,
  }));
  try {
    const { data, response, requestId, attempts } = await call(settings, operation, options, (init) =>
      raw.POST('/api/claims', { body: { claims }, ...init }),
    );
    if (data?.outcomes?.length === claims.length) return data.outcomes;
    const { status } = response;
    const failure = { code: 'unexpected_answer', status, requestId, attempts } as const;
    throw new CouponError(operation.name, { ...failure, outcomeUnknown: true });
  } catch (error) {
    if (!(error instanceof CouponError) || !isRetried(error.status)) throw error;
    const code = error.outcomeUnknown ? 'outcome_unknown' : error.code;
    const seconds = Math.ceil((error.retryAfterMs ?? 0) / 1_000);
    return claims.map(() => ({
      code: code as Outcome['code'],
      error: error.message,
      retry_after_seconds: seconds,
    }));
  }
}

function resultOf(outcome: Outcome, { claim, outcomeUnknown }: Pending): ManyResult {
  const { idempotencyKey } = claim;
  const { code, error = '', retry_after_seconds: seconds } = outcome;
  if (code === 'claimed' || code === 'replayed')
    return { ok: true, replayed: code === 'replayed', idempotencyKey };
  const isDecided = !UNDECIDED_CODES.includes(code);
  const retryAfterMs = code === 'sale_not_started' && seconds ? seconds * 1_000 : undefined;
  return { ok: false, code, error, isDecided, outcomeUnknown, retryAfterMs, idempotencyKey };
}
