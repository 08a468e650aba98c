import { parser } from '@prometheus-io/lezer-promql';

/** What Grafana puts in for these before it asks Prometheus. */
const GRAFANA_VARIABLES: Record<string, string> = { $__rate_interval: '1m', $job: '.*', $instance: '.*' };

/** The query as Prometheus gets it. */
export function withoutVariables(query: string): string {
  return query.replace(/\$\w+/g, (name) => GRAFANA_VARIABLES[name] ?? name);
}

/**
 * Reads the names of the metrics in a query in PromQL.
 * @throws Error that shows where the query is wrong.
 */
export function metricsOf(query: string): string[] {
  const names = new Set<string>();
  parser.parse(query).iterate({
    enter({ type, from, to }) {
      if (type.isError)
        throw new Error(`not PromQL at ${from}: ${query.slice(0, from)}⚠${query.slice(from)}`);
      if (type.name === 'Identifier') names.add(query.slice(from, to));
    },
  });
  return [...names];
}
