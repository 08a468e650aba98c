import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectRoot } from '../../db/project-root.js';
import { metricsOf } from '../../test/deploy/promql.js';
import { inScope } from '../../test/support/scope.js';
import { hasPrometheus, type Installation, startInstallation } from './processes.js';
import { sell } from './sale.js';

/**
 * Runs a sale that a real Prometheus scrapes, and asks it each query of the dashboard and of the rules. Fails
 * if one has no data, if a rule cannot be evaluated, or if an alert fires: nothing is wrong in this sale.
 *
 *     --seconds N  how long the sale lasts (30)
 *     --hold       goes on until Ctrl-C, so that one can look at the figures
 *     --require    fails if there is no Prometheus, which is a skip otherwise
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    hold: { type: 'boolean', default: false },
    require: { type: 'boolean', default: false },
  },
});

/** They have data only when something fails, and nothing does. */
const EMPTY_IN_A_CALM_SALE = ['Queries that failed'];
const RATE_INTERVAL = '10s';

interface Panel {
  title: string;
  targets?: { expr: string }[];
}

interface RuleState {
  name: string;
  type: 'recording' | 'alerting';
  query: string;
  health: string;
  lastError?: string;
  state?: string;
}

if (!hasPrometheus()) {
  console.error(`there is no prometheus on the PATH: ${values.require ? 'nothing was tried' : 'skipped'}`);
  process.exit(values.require ? 1 : 0);
}
const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
// Until it is over.
process.exitCode = 1;
await inScope(async (scope) => {
  // On Ctrl-C the scope ends what was started, and removes its data.
  await Promise.race([trySale(await startInstallation(scope)), interrupted]);
});
process.exit();

async function trySale(installation: Installation): Promise<void> {
  const { serviceUrl, prometheusUrl } = installation;
  console.log(`the service: ${serviceUrl}, Prometheus: ${prometheusUrl}`);
  const answers = await sell(serviceUrl, Number(values.seconds) * 1000);
  console.log(`${answers} answers in ${values.seconds} s`);

  const faults = [...(await tryDashboard(installation)), ...(await tryRules(installation))];
  for (const fault of faults) console.error(`✗ ${fault}`);
  process.exitCode = faults.length > 0 ? 1 : 0;
  if (!values.hold) return;
  console.log('Ctrl-C ends it');
  await interrupted;
}

/** Asks each query of the dashboard. @returns what has no data. */
async function tryDashboard({ prometheusUrl }: Installation): Promise<string[]> {
  const file = join(projectRoot, 'deploy', 'grafana', 'coupons.json');
  const { panels }: { panels: Panel[] } = JSON.parse(await readFile(file, 'utf8'));
  const faults: string[] = [];
  let count = 0;
  for (const { title, targets = [] } of panels) {
    for (const { expr } of targets) {
      count++;
      const query = expr.replaceAll('$__rate_interval', RATE_INTERVAL).replaceAll(/\$(job|instance)/g, '.*');
      const series = await countSeries(prometheusUrl, query);
      console.log(`${String(series).padStart(4)} series  ${title}: ${expr}`);
      if (series === 0 && !EMPTY_IN_A_CALM_SALE.includes(title))
        faults.push(`${title} has no data: ${query}`);
    }
  }
  console.log(`asked ${count} queries of the dashboard`);
  return faults;
}

/** Looks at each rule. @returns what is wrong. */
async function tryRules({ prometheusUrl }: Installation): Promise<string[]> {
  const { groups } = await ask<{ groups: { rules: RuleState[] }[] }>(prometheusUrl, 'rules', {});
  const rules = groups.flatMap(({ rules }) => rules);
  const faults: string[] = [];
  for (const { name, type, query, health, lastError, state } of rules) {
    if (health !== 'ok') faults.push(`${name} cannot be evaluated: ${lastError ?? health}`);
    if (state === 'firing') faults.push(`${name} fires, although nothing is wrong`);
    // An alert without a fault has no data of its own. Its metrics must have some.
    for (const metric of type === 'recording' ? [name] : metricsOf(query)) {
      if ((await countSeries(prometheusUrl, metric)) === 0) faults.push(`${name}: ${metric} has no data`);
    }
  }
  console.log(`looked at ${rules.length} rules`);
  return faults;
}

/** How many series the last minute has, leaving those out that have no number. */
async function countSeries(prometheusUrl: string, query: string): Promise<number> {
  const end = Date.now() / 1000;
  const range = { query, start: String(end - 60), end: String(end), step: '1' };
  const { result } = await ask<{ result: { values: [number, string][] }[] }>(
    prometheusUrl,
    'query_range',
    range,
  );
  return result.filter(({ values }) => values.some(([, value]) => Number.isFinite(Number(value)))).length;
}

/** Asks the HTTP API. @throws Error with what Prometheus says is wrong. */
async function ask<T>(prometheusUrl: string, path: string, parameters: Record<string, string>): Promise<T> {
  const response = await fetch(`${prometheusUrl}/api/v1/${path}?${new URLSearchParams(parameters)}`);
  const { data, error } = (await response.json()) as { data: T; error?: string };
  if (error) throw new Error(`${error}: ${JSON.stringify(parameters)}`);
  return data;
}
