import { readConfig, settingNames } from '../../../src/config.js';
import { type Container, workloads } from '../manifest.js';
import type { Rule } from './index.js';

/** Not settings of ours: postgres.js, OpenTelemetry and Node.js read them. */
const OTHERS = /^(PG(USER|PASSWORD|DATABASE)|OTEL_[A-Z_]+|NODE_OPTIONS|NODE_EXTRA_CA_CERTS)$/;
/** Whoever may read the Deployment must not learn them. */
const SECRETS = /^(DATABASE_URLS?|PGPASSWORD|[A-Z]+_API_KEYS|RELAY_SECRET)$/;
/** A value that is valid, for a variable whose value is in a secret. */
const UNKNOWN_URL = 'postgres://user:password@host:5432/database';

/** The variables of containers. */
export const environmentRules: Record<string, Rule> = {
  'known variables': eachContainer(({ env = [] }) =>
    env.map(({ name }) => name).filter((name) => !settingNames.includes(name) && !OTHERS.test(name)),
  ),
  'no variable twice': eachContainer(({ env = [] }) =>
    env.map(({ name }) => name).filter((name, place, names) => names.indexOf(name) !== place),
  ),
  'secrets from secrets': eachContainer(({ env = [] }) =>
    env
      .filter(({ name, valueFrom }) => SECRETS.test(name) && !valueFrom?.secretKeyRef)
      .map(({ name }) => name),
  ),
  'a database of its own': eachContainer(({ env = [] }) =>
    env.some(({ name }) => name === 'DATABASE_URL' || name === 'DATABASE_URLS')
      ? []
      : ['DATABASE_URL is missing'],
  ),
  'settings that the service takes': eachContainer(({ env = [] }) => {
    const literals = env.map(({ name, value }) => [name, value ?? UNKNOWN_URL] as const);
    try {
      readConfig(Object.fromEntries(literals));
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  }),
};

function eachContainer(faults: (container: Container) => string[]): Rule {
  return (manifests) =>
    workloads(manifests).flatMap(({ name, containers }) =>
      containers.flatMap((container) => faults(container).map((fault) => `${name}: ${fault}`)),
    );
}
