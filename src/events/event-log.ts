import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from 'postgres';
import type { Database } from '../database/database.js';
import { isTransient } from '../database/errors.js';
import { Overloaded } from '../overloaded.js';
import { type Cursor, formatCursor, isBefore, type Position, parseCursor } from './cursor.js';
import { type Event, type EventRow, eventOf } from './event.js';
import { epochOf, type LogState, LogTail, lookAtLog, lookAtNumberedLog } from './log-tail.js';

export interface EventPage {
  /** With shards, each one has the cursor behind it. */
  items: Event[];
  /** Where the next page begins. */
  next_cursor: string;
}

export interface Reading {
  /** A cursor, or NOW. Undefined: the beginning. */
  after: string | undefined;
  /** Events, at most. */
  limit: number;
  /** How long to wait if there is nothing new. */
  waitMs: number;
  /** Is asked again and again: whether the wait ends early. */
  isOver: () => boolean;
}

/** The log of all changes, in an order that agrees with the order of each coupon's changes. */
export interface Log {
  /**
   * Reads the events behind a cursor. An empty page means that there was nothing new until the end of the
   * wait.
   * @returns undefined if the cursor has expired.
   * @throws as `Database.read`.
   */
  read(reading: Reading): Promise<EventPage | undefined>;
}

/** As `after`: the end of the log. */
export const NOW = 'now';
/** Transactions take less than this, as a rule. So a reader finds what was committed before it asked. */
const SETTLE_MS_MAX = 100;
/** How long a request for the end of the log waits for transactions that are open. */
const END_MS_MAX = 5_000;
/** A follower waits this long when the database did not answer. */
const RETRY_MS = 1_000;

/** The log of one database, or of one shard. */
export class EventLog implements Log {
  readonly database: Database;
  readonly tail: LogTail;

  /** @param pollIntervalMs how often it looks for news, while somebody waits. */
  constructor(database: Database, pollIntervalMs?: number) {
    this.database = database;
    const look = database.isCitus ? lookAtNumberedLog : lookAtLog;
    this.tail = new LogTail(() => database.read(look), pollIntervalMs);
  }

  async read({ after, limit, waitMs, isOver }: Reading): Promise<EventPage | undefined> {
    const startedAt = performance.now();
    let cursor = after === NOW ? await this.end() : after === undefined ? undefined : parseCursor(after);
    // It is of a log with shards.
    if (after !== undefined && !cursor) return undefined;
    let { state } = this.tail;
    if (!state || !cursor || cursor.epoch !== state.epoch || !isBefore(cursor, state.settledId)) {
      state = await this.tail.poll();
    }
    for (;;) {
      cursor ??= { epoch: state.epoch, rowId: state.deletedId, count: 0 };
      // The log ends before the cursor: it was restored to an earlier moment.
      if (cursor.rowId > state.lastId || isExpired(cursor, state)) return undefined;
      if (isBefore(cursor, state.settledId)) {
        const page = await this.#page(cursor, state.settledId, limit);
        if (!page || page.items.length > 0) return page;
        // Ids that were drawn for no event.
        cursor = { ...cursor, rowId: state.settledId, count: 0 };
      }
      const settleMs = state.settledId < state.lastId ? SETTLE_MS_MAX : 0;
      if (isOver() || performance.now() - startedAt >= Math.max(waitMs, settleMs)) {
        return { items: [], next_cursor: formatCursor(cursor) };
      }
      state = await this.tail.tick();
    }
  }

  /**
   * The place behind all events that were committed before this call.
   * @throws Overloaded if a transaction that writes to the log stays open for too long.
   */
  async end(): Promise<Cursor> {
    const startedAt = performance.now();
    let state = await this.tail.poll();
    const { lastId } = state;
    while (state.settledId < lastId) {
      if (performance.now() - startedAt > END_MS_MAX)
        throw new Overloaded('the end of the log is not settled');
      state = await this.tail.tick();
    }
    const { epoch, settledId, deletedId } = state;
    return { epoch, rowId: Math.max(settledId, deletedId), count: 0 };
  }

  async #page(cursor: Cursor, settledId: number, limit: number): Promise<EventPage | undefined> {
    // One more than asked for tells whether the row of the last one goes on.
    const { isCitus } = this.database;
    const rows = await this.database.read((sql) =>
      selectEvents(sql, cursor, settledId, limit + 1, { isCitus }),
    );
    const [first] = rows;
    if (!first || isExpired(cursor, { epoch: first.epoch, deletedId: first.deleted_id })) return undefined;
    const found = rows.filter((row): row is EventRow & LogColumns => row.id !== null);
    const items = found.slice(0, limit).map((row, i) => eventOf(row, found[i + 1]?.id !== row.id));
    return { items, next_cursor: items.at(-1)?.id ?? formatCursor(cursor) };
  }
}

/**
 * Reads page after page, until it is over or the cursor expires. A page is empty if nothing new
 * came for `waitMs`, or if the database did not answer.
 * @throws any other error than that of a database that is away.
 */
export async function* followLog(log: Log, reading: Reading & { after: string }): AsyncGenerator<EventPage> {
  let { after } = reading;
  while (!reading.isOver()) {
    try {
      const page = await log.read({ ...reading, after });
      if (!page) return;
      yield page;
      after = page.next_cursor;
    } catch (error) {
      if (!isTransient(error)) throw error;
      await sleep(RETRY_MS);
      yield { items: [], next_cursor: after };
    }
  }
}

/** Whether the cursor is of another log, or events behind it have been deleted. */
function isExpired(cursor: Cursor, { epoch, deletedId }: Pick<LogState, 'epoch' | 'deletedId'>): boolean {
  return (
    cursor.epoch !== epoch || cursor.rowId < deletedId || (cursor.rowId === deletedId && cursor.count > 0)
  );
}

interface LogColumns {
  epoch: string;
  deleted_id: number;
}

/**
 * Selects the events of settled rows behind a position, and the state of the log in the same snapshot: one
 * row without an event if there is none. PostgreSQL reads no more rows than it returns events of.
 */
function selectEvents(
  sql: Sql,
  { rowId, count }: Position,
  settledId: number,
  limit: number,
  { isCitus }: { isCitus: boolean },
) {
  // A log that moves from node to node stays the same log.
  const [epoch, server] = isCitus
    ? [sql`epoch`, sql``]
    : [epochOf(sql), sql`cross join pg_control_system() as server`];
  const firstId = count === 0 ? rowId + 1 : rowId;
  return sql<((EventRow | { id: null }) & LogColumns)[]>`
    select ${epoch} as epoch, deleted_id::float8, event.*
    from event_log
    ${server}
    left join lateral (
      select id::float8, created_at, type, data, ordinal::float8, coupon_name, user_id, claim_number::float8
      from (
        select * from events where id between ${firstId} and ${settledId} order by id limit ${limit}
      ) as statement
      cross join lateral unnest(coupon_names, user_ids, claim_numbers)
        with ordinality as change (coupon_name, user_id, claim_number, ordinal)
      where statement.id > ${firstId} or ordinal > ${count}
      order by statement.id, ordinal
      limit ${limit}
    ) as event on true
    order by id, ordinal`;
}
