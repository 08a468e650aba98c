import type { Failure } from './coupon-error.js';
import { retryAfterMsOf, TIMER_MS_MAX } from './retry.js';
import type { Problem } from './schemas.js';
import type { Fetch } from './settings.js';

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
  let received: Response | undefined;
  try {
    const { data, error, response } = await send({
      signal: controller.signal,
      async fetch(request) {
        isSent = true;
        received = await fetch(request);
        return received;
      },
    });
    if (response.ok && isOurs(response)) return { data: data as Data, response };
    return { response, failure: failureOf(response, error) };
  } catch (error) {
    signal?.throwIfAborted();
    if (!isSent) throw error;
    // All of the answer came, and it is no JSON.
    if (received && error instanceof SyntaxError) {
      return { response: received, failure: { ...failureOf(received, undefined), cause: error } };
    }
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

/** The service answers with JSON or without a body. Login pages and the like are of somebody between. */
function isOurs(response: Response): boolean {
  return /^(application\/json\b|$)/.test(response.headers.get('Content-Type') ?? '');
}

/** The type of our problems ends with their code. Others between may have a `code`, too. */
function isProblem(body: unknown): body is Problem {
  const { code, type } = (typeof body === 'object' && body !== null ? body : {}) as Partial<Problem>;
  return typeof code === 'string' && typeof type === 'string' && type.endsWith(`:${code}`);
}
