import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { CHART, isBuiltIn, KUBERNETES_VERSIONS, render, validate } from '../../deploy/check/chart.js';
import { findings, rules } from '../../deploy/check/rules/index.js';
import { findHelm, findValidator } from '../../deploy/check/tools.js';
import { breaches, misspelled, refusedValues } from './breaches.js';

/**
 * The command: shows that each rule of `npm run deploy:check` finds a chart that breaks it, and that the
 * chart refuses values that lose requests or open the service. It is no part of `npm test`, because Helm
 * comes from the module proxy of Go, and the schemas of Kubernetes from PyPI.
 *
 *     --require   fails if a tool is missing
 */

const isRequired = process.argv.includes('--require');
const everything = ['--values', join(CHART, 'ci', 'everything-values.yaml')];

/** Copies the chart with a change in one of its files. */
async function brokenChart(file: string, from: string, to: string): Promise<string> {
  const chart = join(t.testdir(), 'chart');
  await cp(CHART, chart, { recursive: true });
  const text = await readFile(join(chart, file), 'utf8');
  if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
  await writeFile(join(chart, file), text.replaceAll(from, to));
  return chart;
}

const helm = await findHelm();
if (helm === undefined) missing('neither helm nor go is on this machine');
else {
  const untouched = await render(helm, { chart: CHART, values: everything });
  t.strictSame(findings(untouched), [], 'the chart breaks no rule');
  for (const [rule, file, from, to] of breaches) {
    const manifests = await render(helm, { chart: await brokenChart(file, from, to), values: everything });
    const found = new Set(findings(manifests).map((finding) => finding.split(':')[0]));
    t.ok(found.has(rule), `"${rule}" finds ${to || 'nothing'} in place of ${from}`, { found: [...found] });
  }
  t.strictSame([...new Set(breaches.map(([rule]) => rule))].sort(), Object.keys(rules).sort(), 'every rule');

  for (const [sentence, ...values] of refusedValues) {
    const rendering = { chart: CHART, values: values.flatMap((value) => ['--set', value]) };
    await t.rejects(render(helm, rendering), { message: sentence }, `refused: ${values.join(' ')}`);
  }

  const validator = await findValidator();
  if (validator === undefined) missing('python3 with venv is not on this machine');
  else {
    for (const [file, from, to] of misspelled) {
      const chart = await brokenChart(file, from, to);
      const manifests = (await render(helm, { chart, values: everything })).filter(isBuiltIn);
      for (const version of KUBERNETES_VERSIONS) {
        const fault = await validate(validator, version, manifests, join(t.testdir(), 'manifests.yaml'));
        t.match(fault, new RegExp(to.split(':')[0] as string), `Kubernetes ${version} refuses ${to}`);
      }
    }
  }
}

function missing(what: string): void {
  if (isRequired) t.fail(what);
  else t.comment(`NOT run: ${what}`);
}
