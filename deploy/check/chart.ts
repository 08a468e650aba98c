import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { projectRoot } from '../../db/project-root.js';
import type { Manifest } from './manifest.js';
import { run } from './tools.js';

export const CHART = join(projectRoot, 'deploy', 'helm');
/** Of the chart's kubeVersion the oldest, and the newest that kubernetes-validate knows. */
export const KUBERNETES_VERSIONS = ['1.31.0', '1.37.0'] as const;
const RELEASE = 'sale';

/** Where a chart lies, and the values to render it with: `--values file`, `--set name=value`. */
export interface Rendering {
  chart: string;
  values: string[];
}

/** @throws Error with what Helm says. */
export async function lint(helm: string, { chart, values }: Rendering): Promise<void> {
  const versions = ['--kube-version', KUBERNETES_VERSIONS[0]];
  const { code, stdout, stderr } = await run(helm, ['lint', '--strict', chart, ...versions, ...values]);
  if (code !== 0) throw new Error(`helm lint: ${stdout}${stderr}`.trim());
}

/** @throws Error with what Helm says. */
export async function render(helm: string, { chart, values }: Rendering): Promise<Manifest[]> {
  const options = ['--namespace', 'shop', '--kube-version', KUBERNETES_VERSIONS[0], ...values];
  const { code, stdout, stderr } = await run(helm, ['template', RELEASE, chart, ...options]);
  if (code !== 0) throw new Error(`helm template: ${stderr}`.trim());
  return readManifests(stdout);
}

/** Reads YAML as Kubernetes does: 0440 is octal. */
export function readManifests(text: string): Manifest[] {
  const documents = parseAllDocuments(text, { version: '1.1' });
  return documents.flatMap((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    const manifest = document.toJS() as Manifest | null;
    return manifest === null ? [] : [manifest];
  });
}

/** Whether Kubernetes itself defines it. Others come with operators, and their schemas are not here. */
export function isBuiltIn({ apiVersion }: Manifest): boolean {
  const [group = '', version] = apiVersion.split('/');
  return version === undefined || !group.includes('.') || group.endsWith('.k8s.io');
}

/**
 * Holds manifests against the schemas of a version of Kubernetes: unknown fields are refused.
 * @param file where to write them for the validator.
 * @returns what the validator says, or nothing.
 */
export async function validate(
  validator: string,
  version: string,
  manifests: Manifest[],
  file: string,
): Promise<string> {
  await writeFile(file, manifests.map((manifest) => JSON.stringify(manifest)).join('\n---\n'));
  const { code, stdout, stderr } = await run(validator, ['-k', version, '--strict', '--quiet', file]);
  return code === 0 ? '' : `Kubernetes ${version}: ${stdout}${stderr}`.trim();
}
