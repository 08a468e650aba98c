import type { problemCodes } from '../generated/openapi.js';
import { call } from './call.js';
import type { RawClient } from './client.js';
import { CouponError } from './coupon-error.js';
import type { Problem } from './schemas.js';
import type { CallOptions, Settings } from './settings.js';

export interface ClaimOptions extends CallOptions {
  /**
   * Names the claim, for all of its attempts. The client makes one, unless given. To go on after a crash,
   * store a key of your own before the claim, and claim with it again.
   */
  idempotencyKey?: string | undefined;
}

type ClaimCodes = problemCodes['claimCoupon'];
/** These are mistakes of the caller, and no decisions about a claim. */
type Mistake = 'invalid_request' | 'invalid_body' | 'malformed_http';

/** Why a claim was refused. A newer server may have other reasons. */
export type ClaimRefusal = Exclude<ClaimCodes[400 | 404 | 409], Mistake> | (string & {});

/** What became of a claim: it is committed, or the service refused it. */
export type ClaimResult = ClaimMade | ClaimRefused;

interface Claimed {
  idempotencyKey: string;
  /** Names the last request in the log of the server. */
  requestId: string | undefined;
  /** How many requests were sent. */
  attempts: number;
}

/** The user holds the coupon. */
export interface ClaimMade extends Claimed {
  ok: true;
  /** Whether an earlier request with the same key made the claim. */
  replayed: boolean;
}

/** This claim gave the user nothing. With `already_claimed`, the user holds the coupon by another claim. */
export interface ClaimRefused extends Claimed {
  ok: false;
  code: ClaimRefusal;
  status: number;
  problem: Problem;
  /**
   * An attempt before the refused one got no answer. If it is still on its way, and the reason of the refusal
   * is gone when it arrives, the claim is made after all. A further claim with the same key finds out.
   */
  outcomeUnknown: boolean;
  /** With `sale_not_started`: the milliseconds until the start, at most a minute. */
  retryAfterMs: number | undefined;
}

/** Another success, such as 202, would not say that the claim is committed. */
const CLAIMED = 200;
const REFUSED_STATUSES = [400, 404, 409];
const MISTAKES: (Mistake | 'path_not_found')[] = [
  'invalid_request',
  'invalid_body',
  'malformed_http',
  'path_not_found',
];
const KEY_BYTES = 16;

/** Claims a coupon for a user, with the same key in each attempt. @throws as `call`. */
export async function claim(
  raw: RawClient,
  settings: Settings,
  couponName: string,
  userId: string,
  { idempotencyKey = newKey(), ...options }: ClaimOptions,
): Promise<ClaimResult> {
  const operation = {
    name: 'claimCoupon',
    isWrite: true,
    unchanged: ['database_unavailable'],
    idempotencyKey,
  };
  const request = {
    params: { header: { 'Idempotency-Key': idempotencyKey } },
    body: { coupon_name: couponName, user_id: userId },
  };
  try {
    const { response, requestId, attempts } = await call(settings, operation, options, (init) =>
      raw.POST('/api/coupons/claim', { ...request, ...init }),
    );
    if (response.status !== CLAIMED) {
      const { status } = response;
      const failure = { code: 'unexpected_answer', status, requestId, attempts, idempotencyKey } as const;
      throw new CouponError(operation.name, { ...failure, outcomeUnknown: true });
    }
    const replayed = response.headers.get('Idempotent-Replayed') === 'true';
    return { ok: true, replayed, idempotencyKey, requestId, attempts };
  } catch (error) {
    if (!(error instanceof CouponError)) throw error;
    const { code, status, problem, requestId, attempts, retryAfterMs, outcomeUnknown } = error;
    const isRefused =
      problem && status && REFUSED_STATUSES.includes(status) && !(MISTAKES as string[]).includes(code);
    if (!isRefused) throw error;
    const refusal = { ok: false, code, status, problem, retryAfterMs, outcomeUnknown } as const;
    return { ...refusal, idempotencyKey, requestId, attempts };
  }
}

/** Not `crypto.randomUUID`: browsers have it on pages with https only. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
