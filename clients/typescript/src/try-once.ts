import type { Failure } from './coupon-error.js';
import { retryAfterMsOf } from './retry.js';
import type { Problem } from './schemas.js';
import type { Fetch } from './settings.js';

/** The longest time that a timer of JavaScript takes. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** What openapi-fetch makes of an answer. */
export interface Reply<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** Sends the request of an operation once. */
export type Send<Data> = (init: { signal: AbortSignal; fetch: Fetch }) => Promise<Reply<Data>>;

/** What an attempt knows when it fails. */
export type AttemptFailure = Omit<Failure, 'attempts' | 'outcomeUnknown'>;

/** An attempt has an answer with a status of 2xx, or it failed. */
export type Tried<Data> =
  | { data: Data; response: Response; failure?: undefined }
  | { response?: Response; failure: AttemptFailure };

/**
 * Sends a request once.
 * @throws the signal's reason, if it is aborted. Any error of a request that could not be made, such as a
 * header with a line break: it would fail again.
 */
export async function tryOnce<Data>(
  fetch: Fetch,
  signal: AbortSignal | undefined,
  timeoutMs: number,
  send: Send<Data>,
): Promise<Tried<Data>> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(
    () => controller.abort(new DOMException(`no answer within ${Math.ceil(timeoutMs)} ms`, 'TimeoutError')),
    Math.min(Math.max(0, timeoutMs), TIMER_MS_MAX),
  );
  let isSent = false;
  try {
    const { data, error, response } = await send({
      signal: controller.signal,
      fetch(request) {
        isSent = true;
        return fetch(request);
      },
    });
    return response.ok ? { data: data as Data, response } : { response, failure: failureOf(response, error) };
  } catch (error) {
    signal?.throwIfAborted();
    if (!isSent) throw error;
    return { failure: { code: 'no_answer', cause: error } };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

export function requestIdOf(response: Response | undefined): string | undefined {
  return response?.headers.get('X-Request-Id') ?? undefined;
}

function failureOf(response: Response, body: unknown): AttemptFailure {
  const problem = isProblem(body) ? body : undefined;
  return {
    code: problem?.code ?? 'unexpected_answer',
    status: response.status,
    problem,
    requestId: requestIdOf(response),
    retryAfterMs: retryAfterMsOf(response.headers),
  };
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && typeof (body as Problem).code === 'string';
}
