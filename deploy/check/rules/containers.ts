import { type Container, type Workload, workloads } from '../manifest.js';
import type { Rule } from './index.js';

/** What a container may do, and how much it may take. */
export const containerRules: Record<string, Rule> = {
  'no root': eachContainer(({ pod }, container) => {
    const { runAsNonRoot, runAsUser } = { ...pod.securityContext, ...container.securityContext };
    return runAsNonRoot === true && runAsUser > 0;
  }),
  'read-only root': eachContainer(
    (_, { securityContext }) => securityContext?.readOnlyRootFilesystem === true,
  ),
  'no capabilities': eachContainer((_, { securityContext }) => {
    const { drop = [], add = [] } = securityContext?.capabilities ?? {};
    return drop.includes('ALL') && add.length === 0;
  }),
  'no escalation': eachContainer(
    (_, { securityContext }) =>
      securityContext?.allowPrivilegeEscalation === false && !securityContext.privileged,
  ),
  'seccomp profile': eachContainer(({ pod }, { securityContext }) => {
    const { seccompProfile } = { ...pod.securityContext, ...securityContext };
    return seccompProfile?.type === 'RuntimeDefault';
  }),
  'resources with limits': eachContainer((_, { resources }) =>
    [resources?.requests, resources?.limits].every((amounts) => amounts?.['cpu'] && amounts['memory']),
  ),
  'no token of Kubernetes': (manifests) => [
    ...workloads(manifests)
      .filter(({ pod }) => pod.automountServiceAccountToken !== false)
      .map(({ name }) => name),
    ...manifests
      .filter(
        (manifest) => manifest.kind === 'ServiceAccount' && manifest.automountServiceAccountToken !== false,
      )
      .map(({ metadata }) => `ServiceAccount ${metadata.name}`),
  ],
  'nothing of the node': (manifests) =>
    workloads(manifests)
      .filter(
        ({ pod }) =>
          pod.hostNetwork ||
          pod.hostPID ||
          pod.hostIPC ||
          pod.volumes?.some((volume: object) => 'hostPath' in volume),
      )
      .map(({ name }) => name),
};

function eachContainer(isGood: (workload: Workload, container: Container) => boolean): Rule {
  return (manifests) =>
    workloads(manifests).flatMap((workload) =>
      workload.containers
        .filter((container) => !isGood(workload, container))
        .map((container) => `${workload.name}, container ${container.name}`),
    );
}
