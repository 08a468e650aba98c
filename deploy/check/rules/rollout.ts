import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../../db/project-root.js';
import { readContract } from '../../../src/contract.js';
import {
  isService,
  literalOf,
  type Manifest,
  type Probe,
  selects,
  type Workload,
  workloads,
} from '../manifest.js';
import type { Rule } from './index.js';

/** A restart does not bring a database back, and a pod without one should get no requests. */
const PROBE_PATHS = {
  startupProbe: '/health/live',
  livenessProbe: '/health/live',
  readinessProbe: '/health/ready',
} as const;
/** Kubernetes' own, when a manifest gives none. */
const DEFAULT_GRACE_SECONDS = 30;
const DEFAULT_PERIOD_SECONDS = 10;
const DEFAULT_FAILURE_THRESHOLD = 3;
const DEFAULT_RELAY_TIMEOUT_MS = 10_000;

/** How pods start and stop, so that a rollout loses no request. */
export const rolloutRules: Record<string, Rule> = {
  'a program of ours': (manifests) =>
    workloads(manifests).flatMap(({ name, containers }) =>
      containers
        .filter(({ command: [node, file = ''] = [] }) => node !== 'node' || !existsSync(sourceOf(file)))
        .map(({ command }) => `${name} runs ${command?.join(' ')}`),
    ),
  'probes of the contract': (manifests) => services(manifests).flatMap(probeFaults),
  'grace longer than the drain': (manifests) =>
    workloads(manifests)
      .filter(({ manifest }) => manifest.kind === 'Deployment')
      .flatMap((workload) => {
        const { terminationGracePeriodSeconds: grace = DEFAULT_GRACE_SECONDS } = workload.pod;
        const drainMs = drainOf(workload);
        return grace * 1_000 > drainMs ? [] : [`${workload.name}: ${grace} s for a drain of ${drainMs} ms`];
      }),
  'delay as long as balancers need': (manifests) =>
    services(manifests).flatMap(({ name, containers: [container] }) => {
      const { periodSeconds = DEFAULT_PERIOD_SECONDS, failureThreshold = DEFAULT_FAILURE_THRESHOLD } =
        container?.readinessProbe ?? {};
      const delayMs = Number(container && literalOf(container, 'SHUTDOWN_DELAY_MS'));
      const noticeMs = periodSeconds * failureThreshold * 1_000;
      return delayMs > noticeMs ? [] : [`${name}: ${delayMs} ms, and readiness takes ${noticeMs} ms`];
    }),
  'no preStop': (manifests) =>
    workloads(manifests)
      .filter(({ containers }) => containers.some(({ lifecycle }) => lifecycle !== undefined))
      .map(({ name }) => `${name}: the service serves on by itself`),
  'a new pod before an old one stops': (manifests) =>
    services(manifests)
      .filter(({ manifest }) => manifest.spec.strategy?.rollingUpdate?.maxUnavailable !== 0)
      .map(({ name }) => name),
  'a budget of disruptions': (manifests) =>
    services(manifests)
      .filter(({ labels }) => !manifests.some((manifest) => isBudgetOf(manifest, labels)))
      .map(({ name }) => name),
};

const services = (manifests: Manifest[]) => workloads(manifests).filter(isService);

/** `dist/src/server.js` is compiled from `src/server.ts`. */
function sourceOf(file: string): string {
  return join(projectRoot, file.replace(/^dist\//, '').replace(/\.js$/, '.ts'));
}

function probeFaults({ name, containers }: Workload): string[] {
  const { paths } = readContract();
  return containers.flatMap((container) =>
    Object.entries(PROBE_PATHS).flatMap(([kind, wanted]) => {
      const { httpGet }: Probe = container[kind as keyof typeof PROBE_PATHS] ?? {};
      const place = `${name}, ${kind}`;
      if (!httpGet) return [`${place} is missing`];
      if (httpGet.path !== wanted) return [`${place}: ${httpGet.path} instead of ${wanted}`];
      if (!(httpGet.path in (paths as object))) return [`${place}: ${httpGet.path} is not in openapi.yaml`];
      const hasPort = container.ports?.some((port) => port.name === httpGet.port);
      return hasPort ? [] : [`${place}: there is no port ${httpGet.port}`];
    }),
  );
}

/** Milliseconds from SIGTERM to the end of the last request, by the settings of the container. */
function drainOf(workload: Workload): number {
  const [container] = workload.containers;
  const setting = (name: string) => Number(container && literalOf(container, name));
  if (isService(workload)) return setting('SHUTDOWN_DELAY_MS') + setting('SHUTDOWN_TIMEOUT_MS');
  return setting('RELAY_TIMEOUT_MS') || DEFAULT_RELAY_TIMEOUT_MS;
}

function isBudgetOf({ kind, spec }: Manifest, labels: Workload['labels']): boolean {
  return kind === 'PodDisruptionBudget' && selects(spec.selector.matchLabels, labels);
}
