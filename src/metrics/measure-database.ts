import { Counter, Gauge, type Registry } from 'prom-client';
import type { Database } from '../database/database.js';

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
