import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../db/project-root.js';
import { createMetrics } from '../../src/metrics/registry.js';

/** Prometheus makes these itself. */
const OF_PROMETHEUS = ['up', 'ALERTS'];

/** The names of all series that docs/metrics.md promises, with those that it leaves to prom-client. */
export async function exportedSeries(): Promise<Set<string>> {
  const text = readFileSync(join(projectRoot, 'docs', 'metrics.md'), 'utf8');
  const documented = [...text.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, name = '', type = '']) => ({
    name,
    type,
  }));
  const ofPromClient = (await createMetrics().getMetricsAsJSON()).map(({ name, type }) => ({
    name,
    type: String(type),
  }));
  const series = [...documented, ...ofPromClient].flatMap(({ name, type }) =>
    type === 'histogram' ? ['bucket', 'sum', 'count'].map((suffix) => `${name}_${suffix}`) : name,
  );
  return new Set([...series, ...OF_PROMETHEUS]);
}
