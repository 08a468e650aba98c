import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import t from 'tap';
import { parse } from 'yaml';
import { projectRoot } from '../../db/project-root.js';
import { settings } from '../../src/config.js';

const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8');
const schema = JSON.parse(read('deploy/helm/values.schema.json'));
const values = parse(read('deploy/helm/values.yaml'));
const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema);

/** Other values set them, or secrets do, or the image has no use for them. */
const NOT_AMONG_SETTINGS = [
  ...['PORT', 'METRICS_PORT', 'DATABASE_URL', 'DATABASE_URLS', 'DATA_DIR'],
  ...['ADMIN', 'CLAIM', 'READ'].flatMap((scope) => [`${scope}_API_KEYS`, `${scope}_API_KEYS_FILE`]),
  ...['RELAY_URL', 'RELAY_SECRET', 'RELAY_SECRET_FILE', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
];

t.test('the chart takes the settings of the service, with the same bounds', async (t) => {
  const ours = Object.entries(settings)
    .filter(([name]) => !NOT_AMONG_SETTINGS.includes(name))
    .map(([name, { default: _, 'x-sentences': __, ...rules }]: [string, Record<string, unknown>]) => [
      name,
      rules,
    ]);
  t.strictSame(schema.properties.settings.properties, Object.fromEntries(ours));
});

t.test('the schema refuses every value that it does not name', async (t) => {
  const open: string[] = [];
  const visit = (node: Record<string, unknown>, path: string) => {
    if (node === null || typeof node !== 'object') return;
    if ('properties' in node && node['additionalProperties'] !== false) open.push(path);
    for (const [name, child] of Object.entries(node))
      visit(child as Record<string, unknown>, `${path}/${name}`);
  };
  visit(schema, '');
  t.strictSame(open, []);
  const documented = Object.keys(values).sort();
  t.strictSame(
    Object.keys(schema.properties)
      .filter((name) => name !== 'global')
      .sort(),
    documented,
    'values.yaml shows all',
  );
});

t.test('the schema takes the values of the chart, and refuses wrong ones', async (t) => {
  t.ok(validate(values), 'values.yaml');
  const wrong: [place: string, value: unknown][] = [
    ['replica', 3],
    ['replicas', 0],
    ['replicas', '3'],
    ['image.digest', 'latest'],
    ['image.version', '1'],
    ['settings.LOG_LEVEL', 'verbose'],
    ['settings.WEB_CONCURRENCY', 0],
    ['settings.PORT', 8080],
    ['settings.DATABASE_URL', 'postgres://user:password@host/database'],
    ['settings.SHUTDOWN_DELAY_MS', undefined],
    ['settings.SHUTDOWN_DELAY_MS', '20s'],
    ['environment.PGPASSWORD', 'secret'],
    ['environment.ADMIN_API_KEYS', 'secret'],
    ['environment.PATH', '/tmp'],
    ['database.url', 'postgres://host/database'],
    ['database.secret.name', ''],
    ['migrations.mode', 'never'],
    ['apiKeys.admin', ['one']],
    ['metrics.port', 3000],
    ['metrics.port', 80],
    ['traces.endpoint', 'collector:4318'],
    ['relay.url', 'shop.example'],
    ['service.type', 'ExternalName'],
    ['disruptionBudget.maxUnavailable', 0],
    ['networkPolicy.database', [{}]],
    ['networkPolicy.database', [{ cidr: '10.0.0.0/8' }]],
    ['resources.limits', { cpu: '1' }],
    ['resources.limits', { cpu: '1', memory: 'much' }],
    ['podLabels', { 'app.kubernetes.io/component': 'relay' }],
    ['securityContext', { runAsUser: 0 }],
  ];
  for (const [place, value] of wrong) {
    const changed = structuredClone(values);
    const path = place.split('.');
    const parent = path.slice(0, -1).reduce((node, name) => node[name], changed);
    parent[path.at(-1) as string] = value;
    t.notOk(validate(JSON.parse(JSON.stringify(changed))), `${place}: ${JSON.stringify(value)}`);
  }
});

t.test('the chart has the version of the package', async (t) => {
  const { version, appVersion } = parse(read('deploy/helm/Chart.yaml'));
  t.strictSame([version, appVersion], Array(2).fill(JSON.parse(read('package.json')).version));
});

t.test(
  'docs/kubernetes.md shows the values that deploy:check renders, and none that the schema refuses',
  async (t) => {
    const blocks = Array.from(
      read('docs/kubernetes.md').matchAll(/^ *```yaml\n(.*?)^ *```$/gms),
      ([, text]) => parse(text as string),
    );
    t.strictSame(blocks[0], parse(read('deploy/helm/ci/cloudnative-pg-values.yaml')));
    for (const block of blocks) {
      const merged = structuredClone(values);
      for (const [name, value] of Object.entries(block)) {
        merged[name] = typeof value === 'object' ? { ...merged[name], ...value } : value;
      }
      t.ok(validate(merged), Object.keys(block).join(', '));
    }
  },
);
