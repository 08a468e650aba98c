import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from 'postgres';
import { Gauge, type Registry } from 'prom-client';
import { isOfLogWriter } from '../events/log-tail.js';
import type { Shards } from '../shards/shards.js';

/** Prometheus gives a scrape up after some seconds, and just then the other metrics are wanted. */
const ANSWER_MS_MAX = 500;

interface ServerFigures {
  transactionSeconds: number;
  databaseBytes: number;
}

interface ShardFigures {
  heldSeconds: number;
  /** Null: no relay has ever sent an event. */
  relayLagSeconds: number | null;
  deadLetters: number | null;
}

type Figures = ServerFigures & ShardFigures;

/**
 * Measures how far those who read the log are behind, how large the database is, and how long the oldest
 * transaction has been open: it makes claims slower, see decision 0024. The database is asked once a scrape.
 * If it does not answer at once, these metrics are absent.
 */
export function measureLog(registry: Registry, shards: Shards): void {
  let asked: Promise<Figures | undefined> | undefined;
  const ask = () => {
    asked ??= readAll(shards)
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
  gauge(
    'coupon_database_oldest_transaction_seconds',
    'For how long the oldest transaction has kept old versions of rows, which claims read.',
    'transactionSeconds',
  );
  gauge('coupon_database_size_bytes', 'The size of the database.', 'databaseBytes');
  gauge(
    'coupon_relay_lag_seconds',
    'The age of the oldest event that the relay has not dealt with. Absent, if there never was a relay.',
    'relayLagSeconds',
  );
  gauge('coupon_relay_dead_letters', 'Events that the relay gave up.', 'deadLetters');
}

/** The figures of all servers and shards together. */
async function readAll({ all, servers }: Shards): Promise<Figures> {
  const [ofServers, ofShards] = await Promise.all([
    Promise.all(servers.map(({ databases: [first] }) => first!.read(readServerFigures))),
    Promise.all(all.map((shard) => shard.read(readShardFigures))),
  ]);
  const used = <T>(values: (T | null)[]) => values.filter((value) => value !== null);
  const lags = used(ofShards.map(({ relayLagSeconds }) => relayLagSeconds));
  const letters = used(ofShards.map(({ deadLetters }) => deadLetters));
  return {
    transactionSeconds: Math.max(...ofServers.map(({ transactionSeconds }) => transactionSeconds)),
    databaseBytes: sum(ofServers.map(({ databaseBytes }) => databaseBytes)),
    heldSeconds: Math.max(...ofShards.map(({ heldSeconds }) => heldSeconds)),
    relayLagSeconds: lags.length > 0 ? Math.max(...lags) : null,
    deadLetters: letters.length > 0 ? sum(letters) : null,
  };
}

const sum = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0);

/** Old versions of rows are kept by those who have a snapshot, or have written. VACUUM keeps none. */
async function readServerFigures(sql: Sql): Promise<ServerFigures> {
  const [figures] = await sql<[ServerFigures]>`
    select
      -- Of the sessions of others, we see the transaction only with pg_read_all_stats.
      greatest(
        (
          select extract(epoch from max(clock_timestamp() - xact_start))
          from pg_stat_activity
          where (backend_xmin is not null or backend_xid is not null) and datname = current_database()
            and pid not in (select pid from pg_stat_progress_vacuum)
        ),
        (
          select extract(epoch from max(clock_timestamp() - prepared))
          from pg_prepared_xacts
          where database = current_database()
        ),
        0
      )::float8 as "transactionSeconds",
      pg_database_size(current_database())::float8 as "databaseBytes"`;
  return figures;
}

async function readShardFigures(sql: Sql): Promise<ShardFigures> {
  const [row] = await sql<ShardFigures[]>`
    select
      coalesce((
        select extract(epoch from max(clock_timestamp() - xact_start))
        from pg_locks
        join pg_stat_activity using (pid)
        where ${isOfLogWriter(sql)}
      ), 0)::float8 as "heldSeconds",
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
