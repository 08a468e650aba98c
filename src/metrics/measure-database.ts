import { Counter, Gauge, type Registry } from 'prom-client';
import type { NamedServer, Shards } from '../shards/shards.js';

/** Measures the connections to each database, and whether there is one. Several have a label `database`. */
export function measureDatabase(registry: Registry, { servers }: Shards): void {
  const registers = [registry];
  const poolName = 'db_client_connection_pool_name';
  new Gauge({
    name: 'db_client_connection_count',
    help: 'Connections of a pool, by state: idle or used.',
    labelNames: [poolName, 'db_client_connection_state', 'database'],
    registers,
    collect() {
      for (const { pools, labels } of servers) {
        for (const { name, used, max } of pools) {
          this.set({ [poolName]: name, db_client_connection_state: 'used', ...labels }, used);
          this.set({ [poolName]: name, db_client_connection_state: 'idle', ...labels }, max - used);
        }
      }
    },
  });
  new Gauge({
    name: 'db_client_connection_max',
    help: 'Connections that a pool may have.',
    labelNames: [poolName, 'database'],
    registers,
    collect() {
      for (const { pools, labels } of servers) {
        for (const { name, max } of pools) this.set({ [poolName]: name, ...labels }, max);
      }
    },
  });
  new Gauge({
    name: 'db_client_connection_pending_requests',
    help: 'Queries that wait for a connection of a pool.',
    labelNames: [poolName, 'database'],
    registers,
    collect() {
      for (const { pools, labels } of servers) {
        for (const { name, waiting } of pools) this.set({ [poolName]: name, ...labels }, waiting);
      }
    },
  });
  new Gauge({
    name: 'coupon_database_up',
    help: 'Whether there is a writable primary. It is asked each second.',
    labelNames: ['database'],
    registers,
    aggregator: 'min',
    collect() {
      for (const { isUp, labels } of servers) this.set(labels, Number(isUp));
    },
  });
}

type Labels = NamedServer['labels'];

/** Counts when a database is lost. */
export function countLosses(
  registry: Registry,
  databases: Labels[],
): Record<'onLost' | 'onHung', (labels: Labels) => void> {
  const lost = new Counter({
    name: 'coupon_database_losses_total',
    help: 'How often the database was lost.',
    labelNames: ['database'],
    registers: [registry],
    // Each process sees the same loss.
    aggregator: 'max',
  });
  const hung = new Counter({
    name: 'coupon_database_hangs_total',
    help: 'Connections that were given up because the database did not answer in time.',
    labelNames: ['database'],
    registers: [registry],
  });
  // A rate needs the zero that came before the first one.
  for (const labels of databases) {
    lost.inc(labels, 0);
    hung.inc(labels, 0);
  }
  return { onLost: (labels) => lost.inc(labels), onHung: (labels) => hung.inc(labels) };
}
