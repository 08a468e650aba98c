import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from 'postgres';
import { isDatabaseUnavailable } from '../database/errors.js';
import type { EventLog } from './event-log.js';

/** Rows that one statement deletes. It takes some milliseconds. */
const ROWS_PER_STEP = 100;
const PAUSE_MS = 100;
const INTERVAL_MS = 10_000;
// Any number that no other program uses: "keep" in ASCII.
const RETENTION_LOCK = 0x6b656570;

/**
 * Deletes events that are older than `days`, in small steps and the oldest first, until it is closed. Of
 * several processes, one does it at a time.
 * @param logs of all shards.
 * @param onError gets errors; the next attempt comes in a moment.
 */
export function startRetention(
  logs: readonly EventLog[],
  days: number,
  onError: (error: unknown) => void,
): { close(): void } {
  const closing = new AbortController();
  const { signal } = closing;
  const sweepOne = async ({ database, tail }: EventLog) => {
    if (signal.aborted) return;
    const { settledId } = await tail.poll();
    while ((await database.write((sql) => deleteEvents(sql, days, settledId))) && !signal.aborted) {
      await sleep(PAUSE_MS, undefined, { ref: false });
    }
  };
  const sweep = async () => {
    while (!signal.aborted) {
      for (const log of logs) {
        try {
          await sweepOne(log);
        } catch (error) {
          // The service reports a database that is away by itself.
          if (!signal.aborted && !isDatabaseUnavailable(error)) onError(error);
        }
      }
      await sleep(INTERVAL_MS, undefined, { ref: false, signal }).catch(() => {});
    }
  };
  void sweep();
  return { close: () => closing.abort() };
}

/**
 * Deletes the oldest rows of the log, as far as they are old enough and settled.
 * @returns whether it deleted any.
 */
export async function deleteEvents(sql: Sql, days: number, settledId: number): Promise<boolean> {
  // Times do not grow strictly with the ids. The first row that must stay ends the step: no row behind a
  // row that is left may be missing.
  const { count } = await sql`
    with oldest as (
      select id, created_at < now() - make_interval(days => ${days}) as is_old
      from events
      where id > (select deleted_id from event_log) and id <= ${settledId}
      order by id
      limit ${ROWS_PER_STEP}
    ),
    deleted_events as (
      delete from events
      where id in (
          select id from oldest
          where id < coalesce((select min(id) from oldest where not is_old), ${settledId}::bigint + 1)
        )
        and (select pg_try_advisory_xact_lock(${RETENTION_LOCK}))
      returning id, created_at
    )
    update event_log
    set deleted_id = greatest(deleted_id, last_id), deleted_until = greatest(deleted_until, last_at)
    from (select max(id) as last_id, max(created_at) as last_at from deleted_events) as step
    where last_id is not null`;
  return count > 0;
}
