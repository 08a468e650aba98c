import { setTimeout as sleep } from 'node:timers/promises';
import type { PendingQuery, Row, Sql } from 'postgres';

/** What one look at the log found. */
export interface Look {
  /** Of the log, in this database server. */
  epoch: string;
  /** Rows up to this one have been deleted. */
  deletedId: number;
  /** The last visible row. Rows before it may still be invisible. */
  lastId: number;
  /** The transactions that may have drawn an id and not ended yet, as they were after the look. */
  writers: string[];
}

export interface LogState extends Omit<Look, 'writers'> {
  /** Each row up to this one is visible, or will never be. */
  settledId: number;
}

/** Row ids that are settled once these transactions have ended. */
interface Barrier {
  lastId: number;
  writers: string[];
}

export const POLL_INTERVAL_MS = 25;
/** Further ones wait until a transaction that holds up the first one has ended. */
const BARRIERS_MAX = 16;

/**
 * Follows the end of the log. It asks the database only while somebody waits, once for all who wait.
 *
 * Row ids become visible out of order: a transaction draws one, and commits later. But every writer locks
 * the table before it draws an id, and keeps the lock until its end. So when the last visible row is L,
 * each id up to L belongs to a transaction that has ended, or that is among those that hold this lock
 * after the look. When all of these have ended, the rows up to L are settled. Decision 0015 has the proof.
 */
export class LogTail {
  readonly #look: () => Promise<Look>;
  readonly #intervalMs: number;
  #state: LogState | undefined;
  #barriers: Barrier[] = [];
  #current: Promise<LogState> | undefined;
  #next: Promise<LogState> | undefined;
  #tick: Promise<LogState> | undefined;

  /** @param intervalMs between two looks. */
  constructor(look: () => Promise<Look>, intervalMs = POLL_INTERVAL_MS) {
    this.#look = look;
    this.#intervalMs = intervalMs;
  }

  /** The last known state. */
  get state(): LogState | undefined {
    return this.#state;
  }

  /** Looks at the log. The look begins after this call. @throws the error of the look. */
  poll(): Promise<LogState> {
    this.#next ??= this.#poll(this.#current);
    return this.#next;
  }

  /** Looks at the log in a moment, together with all who wait. @throws the error of the look. */
  tick(): Promise<LogState> {
    this.#tick ??= sleep(this.#intervalMs).then(() => {
      this.#tick = undefined;
      return this.poll();
    });
    return this.#tick;
  }

  async #poll(current: Promise<LogState> | undefined): Promise<LogState> {
    // The snapshot of the look that is under way may be older than this call.
    await current?.catch(() => {});
    this.#current = this.#next;
    this.#next = undefined;
    const look = await this.#look();
    this.#state = this.#settle(look);
    return this.#state;
  }

  #settle({ writers, ...look }: Look): LogState {
    let settledId = this.#state?.settledId ?? 0;
    // Another log, or this one at an earlier moment: nothing is known of it.
    if (look.epoch !== this.#state?.epoch || look.lastId < settledId) {
      this.#barriers = [];
      settledId = 0;
    }
    const running = new Set(writers);
    for (const barrier of this.#barriers) {
      barrier.writers = barrier.writers.filter((writer) => running.has(writer));
    }
    while (this.#barriers[0]?.writers.length === 0) settledId = this.#barriers.shift()!.lastId;
    if (writers.length === 0) {
      settledId = look.lastId;
    } else if (
      look.lastId > (this.#barriers.at(-1)?.lastId ?? settledId) &&
      this.#barriers.length < BARRIERS_MAX
    ) {
      this.#barriers.push({ lastId: look.lastId, writers });
    }
    return { ...look, settledId };
  }
}

/**
 * Looks at the end of the log, in one statement: it takes its snapshot first, and reads the locks then.
 * A dump that is restored in another server gets another epoch by itself.
 */
export async function lookAtLog(sql: Sql): Promise<Look> {
  const [row] = await sql<{ epoch: string; deleted_id: number; last_id: number; writers: string }[]>`
    select ${epochOf(sql)} as epoch, deleted_id::float8,
      greatest(deleted_id, (select max(id) from events))::float8 as last_id,
      (
        select coalesce(string_agg(virtualtransaction, ' '), '')
        from pg_locks
        where ${isOfLogWriter(sql)}
      ) as writers
    from event_log, pg_control_system() as server`;
  if (!row) throw new Error('the table event_log has no row');
  const { epoch, deleted_id: deletedId, last_id: lastId, writers } = row;
  return { epoch, deletedId, lastId, writers: writers.split(' ').filter(Boolean) };
}

/** A condition on `pg_locks`: the lock of an open transaction that has written to the log. */
export function isOfLogWriter(sql: Sql): PendingQuery<Row[]> {
  return sql`
    locktype = 'relation' and relation = 'events'::regclass and mode = 'RowExclusiveLock' and granted
      and database = (select oid from pg_database where datname = current_database())`;
}

/**
 * Looks at the end of a log whose ids come from the row of `event_log`. A writer keeps the lock of this row
 * to its end, so rows become visible in the order of their ids, and none is left to wait for.
 */
export async function lookAtNumberedLog(sql: Sql): Promise<Look> {
  const [row] = await sql<Omit<Look, 'writers'>[]>`
    select epoch, deleted_id::float8 as "deletedId",
      greatest(deleted_id, last_event_id)::float8 as "lastId"
    from event_log`;
  if (!row) throw new Error('the table event_log has no row');
  return { ...row, writers: [] };
}

/** The epoch, of `event_log` and `pg_control_system() as server`. */
export const epochOf = (sql: Sql) => sql`event_log.epoch || to_hex(server.system_identifier)`;
