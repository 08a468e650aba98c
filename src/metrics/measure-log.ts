import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from 'postgres';
import { Gauge, type Registry } from 'prom-client';
import type { Database } from '../database/database.js';

/** Prometheus gives a scrape up after some seconds, and just then the other metrics are wanted. */
const ANSWER_MS_MAX = 500;

interface Figures {
  heldSeconds: number;
  databaseBytes: number;
  /** Null: no relay has ever sent an event. */
  relayLagSeconds: number | null;
  deadLetters: number | null;
}

/**
 * Measures how far those who read the log are behind, and how large the database is. The database is asked
 * once a scrape. If it does not answer at once, these metrics are absent.
 */
export function measureLog(registry: Registry, database: Database): void {
  let asked: Promise<Figures | undefined> | undefined;
  const ask = () => {
    asked ??= database
      .read(readFigures)
      .catch(() => undefined)
      .finally(() => (asked = undefined));
    return Promise.race([asked, sleep(ANSWER_MS_MAX, undefined, { ref: false })]);
  };
  const gauge = (name: string, help: string, figure: keyof Figures) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      // All processes ask the same database.
      aggregator: 'max',
      async collect() {
        const value = (await ask())?.[figure] ?? null;
        if (value === null) this.remove();
        else this.set(value);
      },
    });
  gauge(
    'coupon_event_log_held_seconds',
    'For how long the oldest open transaction holds up those who read the log.',
    'heldSeconds',
  );
  gauge('coupon_database_size_bytes', 'The size of the database.', 'databaseBytes');
  gauge(
    'coupon_relay_lag_seconds',
    'The age of the oldest event that the relay has not dealt with. Absent, if there never was a relay.',
    'relayLagSeconds',
  );
  gauge('coupon_relay_dead_letters', 'Events that the relay gave up.', 'deadLetters');
}

async function readFigures(sql: Sql): Promise<Figures> {
  const [row] = await sql<Figures[]>`
    select
      coalesce((
        select extract(epoch from max(clock_timestamp() - xact_start))
        from pg_locks
        join pg_stat_activity using (pid)
        where locktype = 'relation' and relation = 'events'::regclass and mode = 'RowExclusiveLock' and granted
          and database = (select oid from pg_database where datname = current_database())
      ), 0)::float8 as "heldSeconds",
      pg_database_size(current_database())::float8 as "databaseBytes",
      case when is_relay_used then coalesce((
        select extract(epoch from clock_timestamp() - created_at)
        from events
        where id > row_id - case when count > 0 then 1 else 0 end
        order by id
        limit 1
      ), 0) end::float8 as "relayLagSeconds",
      case when is_relay_used then dead_letters end::float8 as "deadLetters"
    from relay,
      lateral (select count(*) as dead_letters from dead_letters) as letters,
      lateral (select row_id > 0 or count > 0 or dead_letters > 0 as is_relay_used) as use`;
  if (!row) throw new Error('the table relay has no row');
  return row;
}
