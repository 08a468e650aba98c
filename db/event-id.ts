import type { PendingQuery, Row, Sql } from 'postgres';

/** Parts of a statement that appends a row to `events`. On plain PostgreSQL they are empty. */
export interface EventId {
  /** Stands behind the part of the statement that makes the change. */
  draw: PendingQuery<Row[]>;
  column: PendingQuery<Row[]>;
  value: PendingQuery<Row[]>;
}

/**
 * Where the id of an event comes from. On plain PostgreSQL, the identity column draws it. Citus draws
 * identities on each of its nodes, so there it comes from the row of `event_log`. The lock of this row is
 * taken after those of coupons, and kept until the commit: ids become visible in their order.
 * @param change the name of the part of the statement that makes the change. Without a row of it, no id is
 *   drawn.
 */
export function eventId(sql: Sql, { isCitus }: { isCitus: boolean }, change: string): EventId {
  if (!isCitus) return { draw: sql``, column: sql``, value: sql`` };
  return {
    draw: sql`, drawn_id as (
      update event_log set last_event_id = last_event_id + 1 where exists (select from ${sql(change)})
      returning last_event_id
    )`,
    column: sql`id,`,
    value: sql`(select last_event_id from drawn_id),`,
  };
}
