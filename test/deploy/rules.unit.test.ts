import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { projectRoot } from '../../db/project-root.js';
import { exportedSeries } from './exported-metrics.js';
import { anchorsOf, brokenLinks } from './markdown-links.js';
import { metricsOf, withoutVariables } from './promql.js';

interface Rule {
  record?: string;
  alert?: string;
  expr: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

interface RuleCase {
  input_series: { series: string }[];
  alert_rule_test: { alertname: string; exp_alerts: { exp_annotations: Record<string, string> }[] }[];
}

interface Dashboard {
  panels: { title: string; targets?: { expr: string }[] }[];
  annotations: { list: { expr: string }[] };
  templating: { list: { name: string; query: string | { query: string } }[] };
}

const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8');
const groups: { rules: Rule[] }[] = parse(read('deploy/prometheus/rules.yml')).groups;
const rules = groups.flatMap(({ rules }) => rules);
const alerts = rules.filter(({ alert }) => alert !== undefined);
const recorded = rules.flatMap(({ record }) => record ?? []);
const dashboard: Dashboard = JSON.parse(read('deploy/grafana/coupons.json'));
const exported = await exportedSeries();

const unknown = (query: string) =>
  metricsOf(query).filter((name) => !exported.has(name) && !recorded.includes(name));

t.test('each alert has a section in docs/runbook.md, and each section its alert', async (t) => {
  const sections = [...read('docs/runbook.md').matchAll(/^## (\w+)\n\n\*(page|ticket)\.\*/gm)];
  const severities = (entries: (string | undefined)[][]) => Object.fromEntries(entries);
  t.same(
    severities(sections.map(([, name, severity]) => [name, severity])),
    severities(alerts.map(({ alert, labels }) => [alert, labels?.['severity']])),
  );
  t.equal(sections.length, [...read('docs/runbook.md').matchAll(/^## /gm)].length, 'no other sections');
});

t.test('each alert names its section, and says in words what happens', async (t) => {
  const anchors = anchorsOf(read('docs/runbook.md'));
  for (const { alert = '', annotations } of alerts) {
    t.equal(annotations?.['runbook_url'], `docs/runbook.md#${alert.toLowerCase()}`, alert);
    t.ok(anchors.has(alert.toLowerCase()), `${alert} has an anchor`);
    t.match(annotations?.['summary'], /^[^ ].* .*\.$/s, alert);
  }
});

t.test('each alert has a case in which it fires, and one in which it does not', async (t) => {
  const cases: RuleCase[] = parse(read('deploy/prometheus/rules.test.yml')).tests;
  const tested = cases.flatMap(({ alert_rule_test }) => alert_rule_test);
  for (const { alert } of alerts) {
    const expected = tested.filter(({ alertname }) => alertname === alert).map((test) => test.exp_alerts);
    t.ok(
      expected.some((alerts) => alerts.length > 0),
      `${alert} fires`,
    );
    t.ok(
      expected.some((alerts) => alerts.length === 0),
      `${alert} stays calm`,
    );
  }
  t.same([...new Set(cases.flatMap((c) => c.input_series.flatMap(({ series }) => unknown(series))))], []);
});

t.test('the rules are PromQL about metrics that the service exports', async (t) => {
  for (const { record, alert, expr } of rules) t.same(unknown(expr), [], record ?? alert ?? '');
});

t.test('the dashboard is PromQL about metrics that the service exports', async (t) => {
  const panels = dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ title, expr })),
  );
  t.ok(panels.length > 50, `${panels.length} queries`);
  for (const { title, expr } of panels) t.same(unknown(withoutVariables(expr)), [], title);
  for (const { expr } of dashboard.annotations.list) t.same(unknown(withoutVariables(expr)), []);
  for (const { name, query } of dashboard.templating.list) {
    const [, metrics] =
      /^label_values\((.*), \w+\)$/.exec(typeof query === 'string' ? '' : query.query) ?? [];
    if (metrics === undefined) t.equal(name, 'datasource');
    else for (const metric of /"([\w|]+)"/.exec(metrics)![1]!.split('|')) t.ok(exported.has(metric), metric);
  }
});

t.test('the dashboard shows every metric of our own', async (t) => {
  const queries = JSON.stringify(dashboard.panels);
  const ofOurOwn = [...exported].filter((name) => /^(coupon|http|db|target)_/.test(name));
  const shown = (name: string) => queries.includes(name.replace(/_(bucket|sum|count)$/, ''));
  t.same(
    ofOurOwn.filter((name) => !shown(name)),
    [],
  );
});

t.test('what is no query, or names no metric of ours, is found', async (t) => {
  t.throws(() => unknown('sum(rate(coupon_claims_total[1m])'), /not PromQL/);
  t.same(unknown('rate(coupon_claim_total[1m]) > 0'), ['coupon_claim_total']);
  t.same(unknown('http_server_request_duration_seconds'), ['http_server_request_duration_seconds']);
});

t.test('the links of the runbook resolve', async (t) => {
  t.same(brokenLinks('docs/runbook.md'), []);
  t.same(brokenLinks('docs/runbook.md', '[a](no.md), [b](metrics.md#no), [c](#no), [d](#couponsrelaylag)'), [
    'no.md',
    'metrics.md#no',
    '#no',
  ]);
});
