import { Counter, Gauge, type Registry } from 'prom-client';
import type { Database } from '../database/database.js';
import { Histogram, type Recorder } from './histogram.js';
import { SECONDS } from './registry.js';

/** The durations of queries, by what they are for. A batch of claims is one query. */
export class QueryTimes {
  readonly #histogram: Histogram;
  readonly #recorders = new Map<string, Recorder>();

  constructor(registry: Registry) {
    this.#histogram = new Histogram(
      registry,
      'db_client_operation_duration_seconds',
      'The time of a query, without the wait for a connection. A batch of claims is one query.',
      SECONDS,
    );
  }

  record(kind: string, ms: number, error: unknown): void {
    const errorType = error === undefined ? '' : typeOf(error);
    const key = `${kind} ${errorType}`;
    let recorder = this.#recorders.get(key);
    if (!recorder) {
      const labels = { db_system_name: 'postgresql', db_operation_name: kind, error_type: errorType };
      recorder = this.#histogram.recorder(labels);
      this.#recorders.set(key, recorder);
    }
    recorder.record(ms / 1_000);
  }
}

/** An SQLSTATE, a code of the system, or the name of a class. All of them are few. */
function typeOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : (error as Error).constructor.name;
}

/** Measures the connections to the database, and whether there is one. */
export function measureDatabase(registry: Registry, database: Database): void {
  const registers = [registry];
  const poolName = 'db_client_connection_pool_name';
  new Gauge({
    name: 'db_client_connection_count',
    help: 'Connections of a pool, by state: idle or used.',
    labelNames: [poolName, 'db_client_connection_state'],
    registers,
    collect() {
      for (const { name, used, max } of database.pools) {
        this.set({ [poolName]: name, db_client_connection_state: 'used' }, used);
        this.set({ [poolName]: name, db_client_connection_state: 'idle' }, max - used);
      }
    },
  });
  new Gauge({
    name: 'db_client_connection_max',
    help: 'Connections that a pool may have.',
    labelNames: [poolName],
    registers,
    collect() {
      for (const { name, max } of database.pools) this.set({ [poolName]: name }, max);
    },
  });
  new Gauge({
    name: 'db_client_connection_pending_requests',
    help: 'Queries that wait for a connection of a pool.',
    labelNames: [poolName],
    registers,
    collect() {
      for (const { name, waiting } of database.pools) this.set({ [poolName]: name }, waiting);
    },
  });
  new Gauge({
    name: 'coupon_database_up',
    help: 'Whether there is a writable primary. It is asked each second.',
    registers,
    aggregator: 'min',
    collect() {
      this.set(Number(database.isUp));
    },
  });
}

/** Counts when the database is lost. */
export function countLosses(registry: Registry): { onLost: () => void; onHung: () => void } {
  const lost = new Counter({
    name: 'coupon_database_losses_total',
    help: 'How often the database was lost.',
    registers: [registry],
    // Each process sees the same loss.
    aggregator: 'max',
  });
  const hung = new Counter({
    name: 'coupon_database_hangs_total',
    help: 'Connections that were given up because the database did not answer in time.',
    registers: [registry],
  });
  return { onLost: () => lost.inc(), onHung: () => hung.inc() };
}
