import { isDatabaseUnavailable } from '../database/errors.js';
import {
  epochOfAll,
  formatCursor,
  formatMergedCursor,
  isBefore,
  type MergedCursor,
  type Position,
  parseCursor,
  parseMergedCursor,
} from './cursor.js';
import type { Event } from './event.js';
import { type EventLog, type EventPage, type Log, NOW, type Reading } from './event-log.js';
import { type LogState, type LogTail, POLL_INTERVAL_MS } from './log-tail.js';

/** All shards together are asked as often as one database without shards. */
export const pollIntervalMs = (shards: number) => POLL_INTERVAL_MS * shards;

/**
 * The logs of several shards as one. A coupon lives in one shard, so the order of its changes is kept. Events
 * of different shards come roughly in the order of their times. A shard that does not answer is left out
 * until it is back: its place in the cursor stays.
 */
export class MergedLog implements Log {
  readonly #logs: readonly EventLog[];
  readonly #isAway: (shard: number) => boolean;

  /** @param isAway whether it is known that the database of a shard does not answer. */
  constructor(logs: readonly EventLog[], isAway: (shard: number) => boolean) {
    this.#logs = logs;
    this.#isAway = isAway;
  }

  async read({ after, limit, waitMs, isOver }: Reading): Promise<EventPage | undefined> {
    const startedAt = performance.now();
    const cursor = await this.#cursorOf(after);
    if (!cursor) return undefined;
    let positions = cursor.positions;
    for (let isFirst = true; ; isFirst = false) {
      const found = await this.#news(positions, limit, isFirst);
      if (!found) return undefined;
      ({ positions } = found);
      if (found.events.some(({ length }) => length > 0)) {
        return merge(found.events, { ...cursor, positions }, limit);
      }
      if (isOver() || performance.now() - startedAt >= waitMs) {
        return { items: [], next_cursor: formatMergedCursor({ ...cursor, positions }) };
      }
      await anyOf(this.#there().map((shard) => this.#logs[shard]!.tail.tick()));
    }
  }

  /** @returns undefined for a cursor of another log. @throws if a shard does not answer. */
  async #cursorOf(after: string | undefined): Promise<MergedCursor | undefined> {
    if (after === NOW) {
      const ends = await Promise.all(this.#logs.map((log) => log.end()));
      return { epoch: epochOfAll(ends.map(({ epoch }) => epoch)), positions: ends };
    }
    const cursor = after === undefined ? undefined : parseMergedCursor(after);
    if (after !== undefined && cursor?.positions.length !== this.#logs.length) return undefined;
    // What is known may be old: a log was restored, or another server has deleted events.
    const known = this.#logs.map(({ tail }) => tail.state?.epoch);
    if (cursor && known.every((epoch) => epoch !== undefined) && cursor.epoch === epochOfAll(known))
      return cursor;
    const states = await Promise.all(
      this.#logs.map(({ tail }, shard) => lastState(tail, this.#isAway(shard))),
    );
    const epoch = epochOfAll(states.map((state) => state.epoch));
    if (cursor) return cursor.epoch === epoch ? cursor : undefined;
    return { epoch, positions: states.map(({ deletedId }) => ({ rowId: deletedId, count: 0 })) };
  }

  /**
   * Reads what is new in each shard. Each gets an equal part of the page, and those with more what is left.
   * @param isAsking whether to look for news in the database. Otherwise what is known is enough.
   * @returns undefined if the cursor has expired.
   */
  async #news(
    from: readonly Position[],
    limit: number,
    isAsking: boolean,
  ): Promise<{ positions: Position[]; events: Event[][] } | undefined> {
    const positions = [...from];
    const events: Event[][] = this.#logs.map(() => []);
    let asked = this.#there();
    if (!isAsking) asked = asked.filter((shard) => this.#hasNews(shard, positions[shard]!));
    for (let left = limit; asked.length > 0 && left > 0; ) {
      const share = Math.ceil(left / asked.length);
      const pages = await anyOf(asked.map((shard) => this.#read(shard, positions[shard]!, share)));
      const full: number[] = [];
      for (const [i, shard] of asked.entries()) {
        const page = pages[i];
        if (page === 'away') continue;
        if (!page) return undefined;
        events[shard]!.push(...page.items);
        positions[shard] = parseCursor(page.next_cursor)!;
        left -= page.items.length;
        if (page.items.length === share) full.push(shard);
      }
      asked = full;
    }
    // The merged page takes a part of them. Its cursor starts from where the reading began.
    return { positions: events.map((found, shard) => (found.length > 0 ? from : positions)[shard]!), events };
  }

  /** The shards to ask: a database that hangs would hold up the events of the others. All, if all are away. */
  #there(): number[] {
    const all = [...this.#logs.keys()];
    const there = all.filter((shard) => !this.#isAway(shard));
    return there.length > 0 ? there : all;
  }

  #hasNews(shard: number, position: Position): boolean {
    const { state } = this.#logs[shard]!.tail;
    return state !== undefined && isBefore(position, state.settledId);
  }

  #read(shard: number, position: Position, limit: number): Promise<EventPage | undefined> {
    const log = this.#logs[shard]!;
    const after = formatCursor({ epoch: log.tail.state!.epoch, ...position });
    return log.read({ after, limit, waitMs: 0, isOver: () => false });
  }
}

/** The state now or, if the database is known to be away, as it was last seen. @throws as `LogTail.poll`. */
async function lastState(tail: LogTail, isAway: boolean): Promise<LogState> {
  return (isAway && tail.state) || tail.poll();
}

/**
 * Waits for all, and leaves out those whose database is away. @throws if all of them are, or another error.
 */
async function anyOf<T>(asked: Promise<T>[]): Promise<(T | 'away')[]> {
  const results = await Promise.allSettled(asked);
  const away = results.filter((result) => result.status === 'rejected');
  for (const { reason } of away) {
    if (!isDatabaseUnavailable(reason) || away.length === asked.length) throw reason;
  }
  return results.map((result) => (result.status === 'rejected' ? 'away' : result.value));
}

/** Merges events by their times, and keeps the order of each shard. */
function merge(events: readonly Event[][], { epoch, positions }: MergedCursor, limit: number): EventPage {
  const next = events.map(() => 0);
  const places = [...positions];
  const items: Event[] = [];
  let cursor = formatMergedCursor({ epoch, positions: places });
  while (items.length < limit) {
    let first: number | undefined;
    for (const [shard, found] of events.entries()) {
      const event = found[next[shard]!];
      if (event && (first === undefined || event.time < events[first]![next[first]!]!.time)) first = shard;
    }
    if (first === undefined) break;
    const event = events[first]![next[first]!++]!;
    places[first] = parseCursor(event.id)!;
    cursor = formatMergedCursor({ epoch, positions: places });
    items.push({ ...event, cursor });
  }
  return { items, next_cursor: cursor };
}
