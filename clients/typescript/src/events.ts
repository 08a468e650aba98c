import type { components } from '../generated/openapi.js';
import { call } from './call.js';
import type { RawClient } from './client.js';
import { sleep } from './retry.js';
import type { CouponEvent } from './schemas.js';
import type { CallOptions, Settings } from './settings.js';
import type { Reply } from './try-once.js';

type EventPage = components['schemas']['EventPage'];

export interface EventOptions extends CallOptions {
  /**
   * The place behind the last event that you have dealt with: its `cursor` or, if it has none, its `id`.
   * `now` for those that come. Absent: from the oldest event on.
   */
  after?: string | undefined;
  /** Whether to wait for further events, for ever. `false` ends at the end of the log. True, unless given. */
  follow?: boolean | undefined;
  /** How long the server may be away. `Infinity`, unless given: the client comes back by itself. */
  deadlineMs?: number | undefined;
  /** The events that one request asks for, at most 1,000. That is the value, unless given. */
  pageSize?: number | undefined;
}

/** Below the 30 seconds after which many proxies cut a connection that is silent. */
const WAIT_SECONDS = 20;
/** A server that stops does not let anybody wait. */
const EMPTY_PAUSE_MS = 1_000;
const PAGE_SIZE = 1_000;

/**
 * Yields the events of the log in their order, each exactly once. A page that was lost is read again from the
 * same cursor. It reads pages and no stream of Server-Sent Events: however slow the reader is, the server
 * cuts nothing.
 * @throws as `call`, such as `cursor_expired`.
 */
export async function* readEvents(
  raw: RawClient,
  settings: Settings,
  { after, follow = true, pageSize = PAGE_SIZE, ...options }: EventOptions,
): AsyncGenerator<CouponEvent, void, undefined> {
  const { signal, timeoutMs = settings.timeoutMs, deadlineMs = Number.POSITIVE_INFINITY } = options;
  for (let cursor = after; ; ) {
    // Where the log ends is another place after a lost answer, so it is not waited for there.
    const wait = follow && cursor !== 'now' ? WAIT_SECONDS : 0;
    const patience = { signal, timeoutMs: timeoutMs + wait * 1_000, deadlineMs };
    const query = { limit: pageSize, wait, ...(cursor !== undefined && { after: cursor }) };
    const askedAt = performance.now();
    const operation = { name: 'listEvents', isWrite: false };
    const { data } = await call(settings, operation, patience, (init) => {
      const sent = raw.GET('/api/events', { params: { query }, ...init });
      return sent as Promise<Reply<EventPage>>;
    });
    for (const event of data.items) {
      signal?.throwIfAborted();
      yield event;
    }
    cursor = data.next_cursor;
    if (data.items.length > 0) continue;
    if (!follow) return;
    if (wait === 0) continue;
    const isEarly = performance.now() - askedAt < EMPTY_PAUSE_MS;
    if (isEarly) await sleep(EMPTY_PAUSE_MS * Math.random(), signal);
  }
}
