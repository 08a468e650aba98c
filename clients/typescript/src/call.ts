import { CouponError } from './coupon-error.js';
import { backoffMs, isRetried, sleep } from './retry.js';
import { type Attempt, assertPositive, type CallOptions, type Settings } from './settings.js';
import { type AttemptFailure, requestIdOf, type Send, tryOnce } from './try-once.js';

/** With these codes, the service says that it changed nothing. */
const UNCHANGED = ['rate_limited', 'overloaded', 'request_timeout'];

export interface Operation {
  /** Its `operationId` in the contract. */
  name: string;
  /** Whether it may change something. */
  isWrite: boolean;
  /** More codes with which the service says that it changed nothing. */
  unchanged?: string[];
  idempotencyKey?: string;
}

export interface Answer<Data> {
  data: Data;
  response: Response;
  requestId: string | undefined;
  attempts: number;
}

/**
 * Sends a request until it is answered for good, or until the deadline. It must be safe to send it again.
 * @returns the answer, if its status is 2xx.
 * @throws CouponError for any other answer, and if there was none in time. The signal's reason, if it is
 * aborted.
 */
export async function call<Data>(
  settings: Settings,
  operation: Operation,
  { signal, timeoutMs = settings.timeoutMs, deadlineMs = settings.deadlineMs }: CallOptions,
  send: Send<Data>,
): Promise<Answer<Data>> {
  assertPositive({ timeoutMs, deadlineMs });
  const { name, idempotencyKey } = operation;
  const startedAt = performance.now();
  const leftMs = () => deadlineMs - (performance.now() - startedAt);
  let outcomeUnknown = false;
  let attempts = 0;
  const attempt = async () => {
    attempts++;
    const sentAt = performance.now();
    const tried = await tryOnce(settings.fetch, signal, Math.min(timeoutMs, leftMs()), send);
    const { response, failure } = tried;
    if (failure) outcomeUnknown ||= mayBeDone(operation, failure);
    const pauseMs = failure && isRetried(failure.status) && backoffMs(attempts, failure.retryAfterMs);
    const retryInMs = typeof pauseMs === 'number' && pauseMs < leftMs() ? pauseMs : undefined;
    report(settings, {
      operation: name,
      attempt: attempts,
      durationMs: performance.now() - sentAt,
      status: response?.status,
      code: failure?.code,
      error: failure?.cause,
      requestId: requestIdOf(response),
      idempotencyKey,
      retryInMs,
    });
    return { tried, retryInMs };
  };

  let { tried, retryInMs } = await attempt();
  while (retryInMs !== undefined) {
    await sleep(retryInMs, signal);
    ({ tried, retryInMs } = await attempt());
  }
  if (tried.failure)
    throw new CouponError(name, { ...tried.failure, idempotencyKey, attempts, outcomeUnknown });
  const { data, response } = tried;
  return { data, response, requestId: requestIdOf(response), attempts };
}

/** Whether a request that failed may have changed something, or may do so yet. */
function mayBeDone({ isWrite, unchanged = [] }: Operation, { status, code }: AttemptFailure): boolean {
  if (!isWrite || UNCHANGED.includes(code) || unchanged.includes(code)) return false;
  // A success that is not of the service says nothing about what the service did.
  return status === undefined || isRetried(status) || status >= 500 || status < 300;
}

function report({ onAttempt }: Settings, attempt: Attempt): void {
  try {
    onAttempt(attempt);
  } catch {
    // A defect of the caller's metrics must not hide what became of a claim.
  }
}
