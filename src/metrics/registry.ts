import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { readVersion } from '../version.js';
import { QueryTimes } from './query-times.js';

/** The metrics of a process. */
export class Metrics extends Registry {
  readonly queryTimes = new QueryTimes(this);
}

/**
 * Makes the metrics of a process. The functions `measure…` beside this file add metrics to it. Names and
 * units are those of OpenTelemetry where it has some. docs/metrics.md lists all of them.
 */
export function createMetrics(): Metrics {
  const registry = new Metrics();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'target_info',
    help: 'The version of the service.',
    labelNames: ['service_name', 'service_version'],
    registers: [registry],
    aggregator: 'first',
  }).set({ service_name: 'coupons', service_version: readVersion() }, 1);
  return registry;
}
