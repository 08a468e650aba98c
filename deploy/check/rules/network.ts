import { type Labels, type Manifest, selects, type Workload, workloads } from '../manifest.js';
import type { Rule } from './index.js';

const METRICS = 'metrics';

/** Who reaches whom. */
export const networkRules: Record<string, Rule> = {
  'services with pods': (manifests) =>
    ofKind(manifests, 'Service').flatMap((service) => {
      const pods = workloads(manifests).filter(({ labels }) => selects(service.spec.selector, labels));
      return service.spec.ports
        .filter(({ targetPort }: { targetPort: string }) => !pods.some((pod) => hasPort(pod, targetPort)))
        .map(
          ({ targetPort }: { targetPort: string }) => `${nameOf(service)}: no pod has the port ${targetPort}`,
        );
    }),
  'selectors with pods': (manifests) =>
    manifests.flatMap((manifest) => {
      const selector: Labels | undefined = podSelectorOf(manifest);
      const isGood = !selector || workloads(manifests).some(({ labels }) => selects(selector, labels));
      return isGood ? [] : [nameOf(manifest)];
    }),
  'metrics stay inside': (manifests) => [
    // A Service without an address of its own cannot be published.
    ...ofKind(manifests, 'Service')
      .filter(({ spec }) => spec.clusterIP !== 'None' && spec.ports.some(isMetrics))
      .map(nameOf),
    ...ofKind(manifests, 'Ingress')
      .filter(({ spec }) => JSON.stringify(spec.rules).includes(METRICS))
      .map(nameOf),
  ],
  'metrics only for scrapers': (manifests) =>
    ofKind(manifests, 'NetworkPolicy')
      .filter((policy) => policy.spec.ingress.some((rule: Ingress) => isOpenMetrics(rule, manifests)))
      .map(nameOf),
  'a policy for every pod': (manifests) => {
    const policies = ofKind(manifests, 'NetworkPolicy');
    if (policies.length === 0) return [];
    return workloads(manifests)
      .filter(({ labels }) => !policies.some(({ spec }) => selects(spec.podSelector.matchLabels, labels)))
      .map(({ name }) => name);
  },
  'policies in both directions': (manifests) =>
    ofKind(manifests, 'NetworkPolicy')
      .filter(({ spec }) => ['Ingress', 'Egress'].some((type) => !spec.policyTypes?.includes(type)))
      .map(nameOf),
  'monitors with services': (manifests) =>
    ofKind(manifests, 'ServiceMonitor')
      .filter(
        ({ spec }) =>
          !ofKind(manifests, 'Service').some(
            (service) =>
              selects(spec.selector.matchLabels, service.metadata.labels) &&
              service.spec.ports.some(isMetrics),
          ),
      )
      .map(nameOf),
};

interface Ingress {
  ports?: { port: number }[];
  from?: unknown[];
}

const ofKind = (manifests: Manifest[], kind: string) =>
  manifests.filter((manifest) => manifest.kind === kind);
const nameOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata.name}`;
const isMetrics = ({ name }: { name?: string }) => name === METRICS;

function podSelectorOf({ kind, spec }: Manifest): Labels | undefined {
  if (kind === 'NetworkPolicy') return spec.podSelector.matchLabels;
  if (kind === 'PodDisruptionBudget' || kind === 'Deployment') return spec.selector.matchLabels;
  return undefined;
}

function hasPort({ containers }: Workload, name: string): boolean {
  return containers.some(({ ports }) => ports?.some((port) => port.name === name));
}

/** Whether it lets everyone in to a port of metrics. */
function isOpenMetrics({ ports, from = [] }: Ingress, manifests: Manifest[]): boolean {
  const metricsPorts = workloads(manifests).flatMap(({ containers }) =>
    containers.flatMap((container) => container.ports?.filter(isMetrics) ?? []),
  );
  const isForMetrics =
    ports === undefined ||
    ports.some(({ port }) => metricsPorts.some(({ containerPort }) => containerPort === port));
  return isForMetrics && from.length === 0 && metricsPorts.length > 0;
}
