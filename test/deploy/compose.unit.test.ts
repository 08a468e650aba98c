import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { projectRoot } from '../../db/project-root.js';

interface ContainerSettings {
  image?: string;
  profiles?: string[];
  ports?: string[];
  volumes?: string[];
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  environment?: Record<string, string | number | null>;
}

const text = readFileSync(join(projectRoot, 'docker-compose.yml'), 'utf8');
const services: Record<string, ContainerSettings> = parse(text, { merge: true }).services;
const METRICS_PORT = 9464;

t.test('each container is read-only, and has neither capabilities nor a way to get some', async (t) => {
  for (const [name, { read_only, cap_drop, security_opt }] of Object.entries(services)) {
    const limits = { read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] };
    t.same({ read_only, cap_drop, security_opt }, limits, name);
  }
});

t.test('each image has a version, and what is mounted from here cannot be written', async (t) => {
  for (const [name, { image, volumes = [] }] of Object.entries(services)) {
    t.match(image ?? 'built:1', /^[\w/]+:v?\d[\w.-]*$/, name);
    for (const volume of volumes) t.match(volume, /^[\w-]+:|^\.\/.*:ro$/, name);
  }
});

t.test('without a profile, the service and its database run, and nothing else', async (t) => {
  const isDefault = ([, { profiles }]: [string, ContainerSettings]) => !profiles;
  t.same(
    Object.entries(services)
      .filter(isDefault)
      .map(([name]) => name),
    ['postgres', 'api'],
  );
});

t.test(
  'the nodes of Citus have the same settings, and the service knows the coordinator alone',
  async (t) => {
    const nodes = ['citus-coordinator', 'citus-worker-1', 'citus-worker-2'];
    for (const name of nodes) {
      const { profiles, ports, volumes, ...settings } = services[name]!;
      t.same(profiles, ['citus'], name);
      t.notOk(ports, 'not published');
      t.same(volumes, [`${name}:/var/lib/postgresql/data`]);
      t.same(settings, (({ profiles, volumes, ...others }) => others)(services[nodes[0]!]!));
    }
    const { DATABASE_URL, DATABASE_CITUS, DATABASE_SHARDS } = services['api-citus']!.environment!;
    t.match({ DATABASE_URL, DATABASE_CITUS }, { DATABASE_URL: /citus-coordinator/, DATABASE_CITUS: 'true' });
    t.ok(DATABASE_SHARDS);
    const registered = JSON.stringify(services['citus-nodes']);
    for (const name of nodes) t.match(registered, new RegExp(`'${name}'`));
  },
);

t.test('metrics are not published, and what has no password only on 127.0.0.1', async (t) => {
  const published = Object.values(services).flatMap(({ ports = [] }) => ports);
  t.same(
    published.filter((port) => port.endsWith(`:${METRICS_PORT}`)),
    [],
  );
  t.equal(services['api']?.environment?.['METRICS_PORT'], METRICS_PORT);
  for (const name of ['postgres', 'prometheus', 'grafana']) {
    for (const port of services[name]?.ports ?? []) t.match(port, /^127\.0\.0\.1:/, name);
  }
});

t.test('Prometheus scrapes each service of the compose file', async (t) => {
  const config = parse(readFileSync(join(projectRoot, 'deploy', 'prometheus', 'prometheus.yml'), 'utf8'));
  const [{ names, port }] = config.scrape_configs[0].dns_sd_configs;
  const withMetrics = Object.entries(services).filter(([, { environment }]) => environment?.['METRICS_PORT']);
  t.same(
    names,
    withMetrics.map(([name]) => name),
  );
  t.equal(port, METRICS_PORT);
});
