import type { ErrorCode, Problem } from './schemas.js';

/**
 * The codes of the client itself. `no_answer`: the connection broke, or the answer did not come in time.
 * `unexpected_answer`: something other than the service answered, such as a proxy.
 */
export type ClientCode = 'no_answer' | 'unexpected_answer';

/** What an operation knows when it fails. */
export interface Failure {
  code: ErrorCode | ClientCode;
  /** Undefined: there was no answer. */
  status?: number | undefined;
  problem?: Problem | undefined;
  requestId?: string | undefined;
  retryAfterMs?: number | undefined;
  attempts: number;
  outcomeUnknown: boolean;
  idempotencyKey?: string | undefined;
  cause?: unknown;
}

/** An operation failed. All but `attempts` and `outcomeUnknown` is about its last attempt. */
export class CouponError extends Error {
  override readonly name = 'CouponError';
  /** Programs switch on it. Expect codes that are not listed: treat them by their `status`. */
  readonly code: ErrorCode | ClientCode;
  /** Undefined: there was no answer. */
  readonly status: number | undefined;
  /** The answer, if it was a problem of the service. */
  readonly problem: Problem | undefined;
  /** Names the request in the log of the server. */
  readonly requestId: string | undefined;
  /** When the server wants to be asked again: in so many milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** How many requests were sent. */
  readonly attempts: number;
  /** Whether the change may have been made although the operation failed. Always false for reads. */
  readonly outcomeUnknown: boolean;
  /** Of a claim. A further claim with this key finds out what became of it. */
  readonly idempotencyKey: string | undefined;

  /** @param operation its `operationId` in the contract. */
  constructor(operation: string, failure: Failure) {
    super(messageOf(operation, failure), { cause: failure.cause });
    this.code = failure.code;
    this.status = failure.status;
    this.problem = failure.problem;
    this.requestId = failure.requestId;
    this.retryAfterMs = failure.retryAfterMs;
    this.attempts = failure.attempts;
    this.outcomeUnknown = failure.outcomeUnknown;
    this.idempotencyKey = failure.idempotencyKey;
  }
}

function messageOf(operation: string, { code, status, problem, attempts, outcomeUnknown }: Failure): string {
  const what = [status, code].filter((part) => part !== undefined).join(' ');
  const sentence = problem ? `: ${problem.error}` : '';
  const after = attempts > 1 ? ` (after ${attempts} attempts)` : '';
  return `${operation}: ${what}${sentence}${after}${outcomeUnknown ? '; the outcome is unknown' : ''}`;
}
