import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Client, createClient } from '../support/app.js';
import { createCompose, inspect, run } from '../support/compose.js';
import { startService } from '../support/process.js';
import { until } from '../support/until.js';

t.setTimeout(1_800_000);

t.test('docker-compose.yml, from the build to the deletion of its data', async (t) => {
  const compose = await createCompose(t);
  const client = await compose.up('--build');
  const api = await compose.container('api');

  await t.test('the container becomes healthy', async (t) => {
    const isHealthy = async () => (await inspect(api, '.State.Health.Status')) === 'healthy';
    t.ok(await until('health', isHealthy, 60_000));
  });

  await t.test('the service does not run as root', async (t) => {
    t.not((await run('docker', ['exec', api, 'id', '-u'])).trim(), '0');
  });

  await t.test('the log warns about the default password', async (t) => {
    t.match(await compose.run('logs', 'api'), /"level":40.*default password: set POSTGRES_PASSWORD/);
  });

  await t.test('the log names no URL, since only the host knows the published port', async (t) => {
    const log = await compose.run('logs', 'api');
    t.match(log, 'listening on');
    t.notMatch(log, 'listening on http');
    t.notMatch(log, 'curl');
  });

  await t.test('the database fills no log segments with zeros', async (t) => {
    const ask = 'psql -U "$POSTGRES_USER" -d "$POSTGRES_DB" -Atc "show wal_init_zero"';
    const postgres = await compose.container('postgres');
    t.equal((await run('docker', ['exec', postgres, 'sh', '-c', ask])).trim(), 'off');
  });

  await t.test('a coupon is created, claimed and read', (t) => sellOneCoupon(t, client));

  await t.test('the image has the console and the reference', async (t) => {
    for (const path of ['/console', '/console/console.js', '/docs', '/openapi.yaml']) {
      t.equal((await fetch(client.url + path)).status, 200, path);
    }
  });

  await t.test('docker stop lets the service end by itself, with exit code 0', async (t) => {
    await run('docker', ['stop', api]);
    t.equal(await inspect(api, '.State.ExitCode'), 0);
  });

  await t.test('the data survive the containers', async (t) => {
    await compose.run('down');
    await healthy(await compose.up());
    t.match(await client.getCoupon('SUMMER'), { amount: 1, remaining_amount: 0, claimed_by: ['ada'] });
  });

  await t.test('down --volumes deletes the data', async (t) => {
    await compose.run('down', '--volumes');
    await healthy(await compose.up());
    t.equal((await client.request('GET', '/api/coupons/SUMMER')).status, 404);
  });

  await t.test('the image without DATABASE_URL asks for it and exits with 1', async (t) => {
    const image = await inspect<string>(await compose.container('api'), '.Image');
    const error = await run('docker', ['run', '--rm', image]).catch((error) => error);
    t.equal(error.code, 1);
    t.match(error.stdout + error.stderr, 'set DATABASE_URL to a PostgreSQL');
  });
});

t.test('a password with special characters in .env', async (t) => {
  const password = 'p@ss/w#rd %41 "x" $HOME';
  const envFile = join(t.testdir(), '.env');
  writeFileSync(envFile, `POSTGRES_PASSWORD='${password}'\n`);
  const compose = await createCompose(t, { envFile });
  const databaseUrl = `postgres://coupons@127.0.0.1:${compose.postgresPort}/coupons`;

  await t.test('`up postgres` publishes the database alone, and only on 127.0.0.1', async (t) => {
    await compose.run('up', '--detach', 'postgres');
    t.equal(await compose.container('api'), '');
    const ports = await inspect(await compose.container('postgres'), '.NetworkSettings.Ports');
    t.same(ports, { '5432/tcp': [{ HostIp: '127.0.0.1', HostPort: String(compose.postgresPort) }] });
  });

  await t.test('the service on this machine works with that database', async (t) => {
    const service = startService(t, { DATABASE_URL: databaseUrl, PGPASSWORD: password });
    const client = await healthy(await service.listening());
    await sellOneCoupon(t, client);
    t.equal(await service.stop(), 0);
  });

  await t.test('the service in a container finds the same data', async (t) => {
    const client = await healthy(await compose.up('--build'));
    t.match(await client.getCoupon('SUMMER'), { claimed_by: ['ada'] });
    t.notMatch(await compose.run('logs', 'api'), 'default password');
  });

  await t.test('the database refuses a wrong password', async (t) => {
    const service = startService(t, { DATABASE_URL: databaseUrl, PGPASSWORD: 'wrong' });
    t.match(await service.logged('waiting for the database'), { msg: /password authentication failed/ });
  });
});

t.test('make docker-run and make docker-down', async (t) => {
  const compose = await createCompose(t, {
    settings: {
      POSTGRES_USER: 'a b@c',
      POSTGRES_PASSWORD: `'\\ %2F:?&`,
      POSTGRES_DB: 'é/#',
      LOG_LEVEL: 'info',
    },
  });
  await run('make', ['docker-run'], compose.env);
  await sellOneCoupon(t, await healthy(createClient(t, compose.url)));

  const remains = ['volume', 'ls', '--quiet', '--filter', `name=${compose.env['COMPOSE_PROJECT_NAME']}`];
  t.match(await run('docker', remains), 'data');
  await run('make', ['docker-down'], compose.env);
  t.equal(await run('docker', remains), '', 'the data are gone');
});

async function sellOneCoupon(t: Test, client: Client): Promise<void> {
  t.equal((await client.createCoupon('SUMMER', 1)).status, 201);
  t.equal((await client.claim('SUMMER', 'ada')).status, 200);
  t.match(await client.getCoupon('SUMMER'), { amount: 1, remaining_amount: 0, claimed_by: ['ada'] });
}

/** Waits until the service and its database work. */
async function healthy(client: Client): Promise<Client> {
  // Docker accepts connections before the service listens, and closes them.
  const status = () =>
    client.request('GET', '/health').then(
      ({ status }) => status,
      () => undefined,
    );
  await until('health', async () => (await status()) === 200, 60_000);
  return client;
}
