import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHART, isBuiltIn, KUBERNETES_VERSIONS, lint, render, validate } from './check/chart.js';
import { findings } from './check/rules/index.js';
import { findHelm, findValidator, run } from './check/tools.js';

/**
 * The command `npm run deploy:check`: lints and renders the chart with each file of values in deploy/helm/ci,
 * and holds what comes out against the schemas of Kubernetes and our own rules. It needs no cluster. A tool
 * that the machine does not have is skipped, and named.
 *
 *     --require   fails if a tool is missing
 */

const isRequired = process.argv.includes('--require');
let isGood = true;
const helm = await findHelm();
if (helm === undefined) skip('the chart', 'there is neither go nor helm on the PATH');
else await checkAll(helm);
process.exitCode = isGood ? 0 : 1;

async function checkAll(helm: string): Promise<void> {
  const { stdout } = await run(helm, ['version', '--template', '{{.Version}} from {{.GoVersion}}']);
  console.log(`helm     ${stdout}, ${helm}`);
  const validator = await findValidator();
  if (!validator) skip('the schemas of Kubernetes', 'there is no python3 with venv on the PATH');
  const folder = await mkdtemp(join(tmpdir(), 'coupons-deploy-'));
  try {
    for (const file of readdirSync(join(CHART, 'ci')).sort()) await check(helm, validator, file, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function check(
  helm: string,
  validator: string | undefined,
  file: string,
  folder: string,
): Promise<void> {
  const name = file.replace('-values.yaml', '');
  const rendering = { chart: CHART, values: ['--values', join(CHART, 'ci', file)] };
  try {
    await lint(helm, rendering);
    const manifests = await render(helm, rendering);
    const faults = findings(manifests);
    const builtIn = manifests.filter(isBuiltIn);
    const others = manifests.filter((manifest) => !isBuiltIn(manifest)).map(({ kind }) => kind);
    for (const version of validator ? KUBERNETES_VERSIONS : []) {
      const fault = await validate(validator!, version, builtIn, join(folder, 'manifests.yaml'));
      if (fault) faults.push(fault);
    }
    if (faults.length > 0) return fail(name, faults.join('\n'));
    const valid = validator
      ? `, ${builtIn.length} valid in Kubernetes ${KUBERNETES_VERSIONS.join(' and ')}`
      : '';
    const unknown = others.length > 0 ? `, without a schema: ${others.join(', ')}` : '';
    console.log(`ok       ${name}: lints, ${manifests.length} manifests keep the rules${valid}${unknown}`);
  } catch (error) {
    fail(name, error instanceof Error ? error.message : String(error));
  }
}

function fail(name: string, why: string): void {
  isGood = false;
  console.log(`FAILED   ${name}: ${why.replaceAll('\n', '\n         ')}`);
}

function skip(what: string, why: string): void {
  if (isRequired) isGood = false;
  console.log(`${isRequired ? 'FAILED ' : 'skipped'}  ${what}: ${why}`);
}
