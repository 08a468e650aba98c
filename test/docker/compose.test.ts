import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { projectRoot } from '../../db/project-root.js';
import { type Compose, createCompose, inspect, run } from '../support/compose.js';
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

  await t.test('the default password is warned of', async (t) => {
    t.match(await run('docker', ['logs', api]), /"level":40.*default password: set POSTGRES_PASSWORD/);
  });

  await t.test('the database fills no log with zeros', async (t) => {
    const ask = 'psql -U "$POSTGRES_USER" -d "$POSTGRES_DB" -Atc "show wal_init_zero"';
    t.equal(
      (await run('docker', ['exec', await compose.container('database'), 'sh', '-c', ask])).trim(),
      'off',
    );
  });

  await t.test('the commands of the README are answered as it says', (t) => followReadme(t, compose));

  await t.test('docker stop ends the service quickly, with exit code 0', async (t) => {
    const begin = Date.now();
    await run('docker', ['stop', api]);
    t.ok(Date.now() - begin < 5_000);
    t.equal(await inspect(api, '.State.ExitCode'), 0);
  });

  await t.test('the data survive the containers', async (t) => {
    await compose.down();
    await compose.up();
    await until('health', async () => (await client.request('GET', '/health')).status === 200, 60_000);
    t.match(await client.getCoupon('SUMMER'), { amount: 5, remaining_amount: 0 });
  });

  await t.test('down --volumes deletes the data', async (t) => {
    await compose.down('--volumes');
    await compose.up();
    await until('health', async () => (await client.request('GET', '/health')).status === 200, 60_000);
    t.equal((await client.request('GET', '/api/coupons/SUMMER')).status, 404);
  });

  await t.test('the image without DATABASE_URL says that it needs it, and exits with 1', async (t) => {
    const image = await inspect<string>(await compose.container('api'), '.Image');
    const error = await run('docker', ['run', '--rm', image]).catch((error) => error);
    t.equal(error.code, 1);
    t.match(error.stdout + error.stderr, 'set DATABASE_URL to a PostgreSQL');
  });
});

/** Runs the commands of the README's section on the API and looks for the lines that it shows as answers. */
async function followReadme(t: Test, { url }: Compose): Promise<void> {
  const readme = await readFile(join(projectRoot, 'README.md'), 'utf8');
  const section = readme.split('\n## ').find((text) => text.startsWith('The API')) ?? '';
  const blocks =
    section.match(/^ {4}.*(\n( {4}.*|(?=\n {4})))*/gm)?.flatMap((text) => text.split('\n\n')) ?? [];
  // Who wins the race is left to chance, and time goes on.
  const anyone = (text: string) =>
    text.replaceAll(/user-\d+/g, 'user-?').replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'now');
  let commands = 0;
  for (const [index, block] of blocks.entries()) {
    if (!/^ +(curl|seq|for) /.test(block)) continue;
    commands++;
    const command = block.replaceAll('http://localhost:3000', url);
    const output = anyone(await run('bash', ['-c', command]));
    for (const line of (blocks[index + 1] ?? '').split('\n')) {
      t.match(output, anyone(line.trim()), block.trim());
    }
  }
  t.ok(commands >= 8);
}
