/** The pause before the second attempt is at most this long, and doubles with each further attempt. */
const BACKOFF_MIN_MS = 100;
const BACKOFF_MAX_MS = 5_000;

/** The longest time that a timer of JavaScript takes. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

/** 408, 502 and 504 come from proxies, too. */
const RETRIED_STATUSES = [408, 429, 502, 503, 504];

/** @param status undefined: there was no answer. */
export function isRetried(status: number | undefined): boolean {
  return status === undefined || RETRIED_STATUSES.includes(status);
}

/**
 * Returns the milliseconds until the next attempt, with full jitter: clients that failed together do not come
 * back together. `Retry-After` is waited for in full.
 * @param attempts how many there have been.
 */
export function backoffMs(attempts: number, retryAfterMs = 0): number {
  return retryAfterMs + Math.random() * Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** (attempts - 1));
}

/** Reads `Retry-After`, which is a number of seconds or a date. */
export function retryAfterMsOf(headers: Headers): number | undefined {
  const text = headers.get('Retry-After');
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** @throws the reason of the signal, when it is aborted. */
export function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      },
      Math.min(ms, TIMER_MS_MAX),
    );
    signal?.addEventListener('abort', abort, { once: true });
  });
}
