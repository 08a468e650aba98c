/** What the rules read of Kubernetes' objects. The schemas of Kubernetes hold the rest. */

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Labels; annotations?: Labels };
  // biome-ignore lint/suspicious/noExplicitAny: each kind has another one.
  spec?: any;
  automountServiceAccountToken?: boolean;
}

export type Labels = Record<string, string>;

export interface Container {
  name: string;
  command?: string[];
  env?: { name: string; value?: string; valueFrom?: { secretKeyRef?: { name: string; key: string } } }[];
  ports?: { name?: string; containerPort: number }[];
  startupProbe?: Probe;
  livenessProbe?: Probe;
  readinessProbe?: Probe;
  lifecycle?: unknown;
  // biome-ignore lint/suspicious/noExplicitAny: rules ask for what must be there.
  securityContext?: any;
  resources?: Record<'requests' | 'limits', Record<string, string> | undefined>;
}

export interface Probe {
  httpGet?: { path?: string; port: string | number };
  periodSeconds?: number;
  failureThreshold?: number;
}

/** A Deployment or a Job, with its pods. */
export interface Workload {
  name: string;
  manifest: Manifest;
  labels: Labels;
  // biome-ignore lint/suspicious/noExplicitAny: rules ask for what must be there.
  pod: any;
  containers: Container[];
}

/** All that runs containers. */
export function workloads(manifests: Manifest[]): Workload[] {
  return manifests.flatMap((manifest) => {
    const template = manifest.spec?.template;
    if (!template?.spec?.containers) return [];
    const { initContainers = [], containers } = template.spec;
    const name = `${manifest.kind} ${manifest.metadata.name}`;
    const labels = template.metadata?.labels ?? {};
    return [{ name, manifest, labels, pod: template.spec, containers: [...initContainers, ...containers] }];
  });
}

/** Whether it runs the service, and not the relay or a migration. */
export function isService(workload: Workload): boolean {
  return workload.containers.some(({ command }) => command?.at(-1) === 'dist/src/server.js');
}

/** The literal value of a variable. */
export function literalOf({ env = [] }: Container, name: string): string | undefined {
  return env.find((variable) => variable.name === name)?.value;
}

/** Whether all labels of the selector are there. */
export function selects(selector: Labels | undefined, labels: Labels | undefined): boolean {
  return Object.entries(selector ?? {}).every(([name, value]) => labels?.[name] === value);
}
