import cluster from 'node:cluster';
import { Counter, Gauge, type Registry } from 'prom-client';

/** Measures the workers, in the primary process. @returns what is to be called when one dies. */
export function measureWorkers(registry: Registry): () => void {
  new Gauge({
    name: 'coupon_workers',
    help: 'Processes that serve.',
    registers: [registry],
    collect() {
      this.set(Object.keys(cluster.workers ?? {}).length);
    },
  });
  const deaths = new Counter({
    name: 'coupon_worker_deaths_total',
    help: 'How often a worker died by itself. Another one takes its place.',
    registers: [registry],
  });
  return () => deaths.inc();
}
