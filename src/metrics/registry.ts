import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { readVersion } from '../version.js';

/** The bounds of durations, in seconds. */
export const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];

/**
 * Makes the registry of a process. The functions `measure…` beside this file add metrics to it. Names and
 * units are those of OpenTelemetry where it has some. docs/metrics.md lists all of them.
 */
export function createRegistry(): Registry {
  const registry = new Registry();
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
