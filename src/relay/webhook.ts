import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import type { Event } from '../events/event.js';

export interface WebhookOptions {
  url: string;
  /** Each as `whsec_…`. While secrets rotate, a message is signed with all of them. */
  secrets: readonly string[];
  /** Of one attempt. */
  timeoutMs: number;
  attemptsMax: number;
  /** The first pause between attempts. It doubles each time. */
  retryMs: number;
  /** Is called before the pause, which waits for it. */
  onFailure?: (event: Event, attempt: number, error: string, pauseMs: number) => void | Promise<void>;
}

/** Undefined: it was delivered. Otherwise the error of the last attempt. */
export type Delivery = string | undefined;

const PAUSE_MS_MAX = 600_000;

export interface Signals {
  /** Ends an attempt that is under way. */
  lost: AbortSignal;
  /** Lets an attempt that is under way finish, and begins no other. It is aborted when `lost` is. */
  leaving: AbortSignal;
}

/**
 * POSTs an event as Standard Webhooks say, until an answer is 2xx or there were enough attempts.
 * @returns 'stopped' if a signal came first. The event may have been delivered.
 */
export async function deliver(
  event: Event,
  options: WebhookOptions,
  { lost, leaving }: Signals,
): Promise<Delivery | 'stopped'> {
  const { attemptsMax, retryMs, onFailure } = options;
  for (let attempt = 1; ; attempt++) {
    if (leaving.aborted) return 'stopped';
    const failure = await post(event, options, lost);
    if (!failure) return undefined;
    if (leaving.aborted) return 'stopped';
    if (attempt >= attemptsMax) return failure.error;
    const backoffMs = retryMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
    const pauseMs = Math.min(Math.max(backoffMs, failure.retryAfterMs), PAUSE_MS_MAX);
    await onFailure?.(event, attempt, failure.error, Math.round(pauseMs));
    await sleep(pauseMs, undefined, { signal: leaving }).catch(() => {});
  }
}

/** One attempt. @returns undefined if it succeeded. */
async function post(
  event: Event,
  { url, secrets, timeoutMs }: WebhookOptions,
  lost: AbortSignal,
): Promise<{ error: string; retryAfterMs: number } | undefined> {
  const body = JSON.stringify(event);
  const now = new Date();
  const headers = {
    'Content-Type': 'application/cloudevents+json',
    'webhook-id': event.id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(event.id, now, body)).join(' '),
  };
  const ending = new AbortController();
  const end = () => ending.abort();
  // AbortSignal.any would keep each of its signals in memory as long as `lost` lives.
  lost.addEventListener('abort', end);
  const timer = setTimeout(end, timeoutMs);
  try {
    const { signal } = ending;
    // A redirect would send the event to an address that nobody configured.
    const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
    await response.body?.cancel();
    if (response.ok) return undefined;
    return {
      error: `HTTP ${response.status}`,
      retryAfterMs: retryAfterMs(response.headers.get('retry-after')),
    };
  } catch (error) {
    const words = ending.signal.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(error);
    return { error: words, retryAfterMs: 0 };
  } finally {
    clearTimeout(timer);
    lost.removeEventListener('abort', end);
  }
}

/** Of a `Retry-After`: seconds, or a date. 0 if there is none. */
export function retryAfterMs(text: string | null): number {
  if (!text) return 0;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(ms, 0) : 0;
}

/** fetch hides the reason in the cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: NodeJS.ErrnoException };
  return cause?.code ?? message;
}
