import t from 'tap';
import { createCompose, inspect, run } from '../support/compose.js';
import { until } from '../support/until.js';

t.setTimeout(1_800_000);

/** Runs a program in a container. @returns both of its outputs, also if it fails. */
const runIn = (container: string, ...command: string[]) =>
  run('docker', ['exec', container, ...command]).catch(({ stdout, stderr }) => `${stdout}${stderr}`);

/** A line of /proc/1/status. */
async function statusOf(container: string, name: string): Promise<string | undefined> {
  const status = await runIn(container, 'cat', '/proc/1/status');
  return new RegExp(`^${name}:\\s*(\\S+)$`, 'm').exec(status)?.[1];
}

const NO_CAPABILITIES = '0000000000000000';

t.test('the containers have no rights that they do not need, and the service works', async (t) => {
  const compose = await createCompose(t);
  const client = await compose.up('--build');
  const [api, postgres] = [await compose.container('api'), await compose.container('postgres')];
  const isHealthy = async () => (await inspect(api, '.State.Health.Status')) === 'healthy';
  await until('health', isHealthy, 60_000);

  await t.test('the service has no capability, and cannot get one', async (t) => {
    for (const set of ['CapEff', 'CapPrm', 'CapBnd']) t.equal(await statusOf(api, set), NO_CAPABILITIES, set);
    t.equal(await statusOf(api, 'NoNewPrivs'), '1');
  });

  await t.test('the service can write nowhere, not even to /tmp', async (t) => {
    t.equal(await inspect(api, '.HostConfig.ReadonlyRootfs'), true);
    for (const folder of ['/app', '/tmp', '/home/node', '/var/tmp']) {
      t.match(await runIn(api, 'touch', `${folder}/file`), 'Read-only file system', folder);
    }
  });

  await t.test(
    'PostgreSQL has no capability once it has started, and cannot write to its image',
    async (t) => {
      t.equal(await statusOf(postgres, 'CapEff'), NO_CAPABILITIES);
      t.equal(await statusOf(postgres, 'NoNewPrivs'), '1');
      t.match(await runIn(postgres, 'touch', '/usr/local/bin/file'), 'Read-only file system');
    },
  );

  await t.test('a coupon is created, claimed and read', async (t) => {
    t.equal((await client.createCoupon('SUMMER', 1)).status, 201);
    t.equal((await client.claim('SUMMER', 'ada')).status, 200);
    t.match(await client.getCoupon('SUMMER'), { remaining_amount: 0, claimed_by: ['ada'] });
  });

  await t.test('the metrics are there for other containers, and not for the world', async (t) => {
    const [port] = [/:(\d+)$/.exec(client.url)?.[1]];
    const ports = await inspect<Record<string, { HostPort: string }[]>>(api, '.NetworkSettings.Ports');
    const published = Object.values(ports).flatMap((bindings) => bindings ?? []);
    t.ok(published.length > 0 && published.every(({ HostPort }) => HostPort === port), 'one port');
    const ask = `fetch('http://api:9464/metrics').then(async (r) => console.log(await r.text()))`;
    t.match(await runIn(api, 'node', '-e', ask), /^coupon_claims_total\{outcome="claimed"\} 1$/m);
  });

  await t.test('after a restart the service works again', async (t) => {
    await run('docker', ['restart', postgres, api]);
    await until('health', isHealthy, 60_000);
    t.match(await client.getCoupon('SUMMER'), { claimed_by: ['ada'] });
  });
});

t.test('each profile is valid for Compose', async (t) => {
  const compose = await createCompose(t);
  for (const [profile, service] of [
    ['observability', 'grafana'],
    ['balanced', 'balancer'],
  ] as const) {
    t.match(await compose.run('--profile', profile, 'config'), new RegExp(`^  ${service}:$`, 'm'), profile);
  }
});
