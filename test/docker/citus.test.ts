import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { freePort } from '../../db/embedded/free-port.js';
import { projectRoot } from '../../db/project-root.js';
import { createClient } from '../support/app.js';
import { createCompose, isThere, reasonToSkip, run } from '../support/compose.js';
import { until } from '../support/until.js';

t.setTimeout(1_800_000);

const { services } = parse(readFileSync(join(projectRoot, 'docker-compose.yml'), 'utf8'), { merge: true });
const { image } = services['citus-coordinator'];
const skip = await reasonToSkip(image);
/** Of the shards 0, 1, 2 and 3: see docs/shards.md. */
const NAMES = ['a', 'b', 'c', 'd'];

t.test('a service on a Citus cluster', { skip }, async (t) => {
  const port = String(await freePort());
  const compose = await createCompose(t, { settings: { COMPOSE_PROFILES: 'citus', CITUS_PORT: port } });
  const url = `http://localhost:${port}`;
  const client = createClient(t, url);
  const up = async () => {
    await compose.run('up', '--detach', '--build', 'api-citus');
    await until('the service', () => isThere(url), 60_000);
  };
  const claimAll = async (user: string) => {
    const answers = await Promise.all(NAMES.map((name) => client.claim(name, user)));
    return answers.map(({ status }) => status);
  };
  const workersOfShards = async () => {
    const query = `
      select distinct relnamespace::regnamespace, nodename from pg_dist_shard
      join pg_class on pg_class.oid = logicalrelid
      join pg_dist_placement using (shardid)
      join pg_dist_node using (groupid)
      where relname = 'coupons'`;
    const coordinator = await compose.container('citus-coordinator');
    const psql = ['psql', '-U', 'coupons', '-Atc', query];
    return (await run('docker', ['exec', coordinator, ...psql])).trim().split('\n').sort();
  };
  await up();

  await t.test('the shards are divided among the workers, and each has its coupons', async (t) => {
    for (const name of NAMES) await client.createCoupon(name, 5);
    t.same(await claimAll('ada'), [200, 200, 200, 200]);
    t.same(await claimAll('ada'), [409, 409, 409, 409]);
    const workers = (await workersOfShards()).map((line) => line.split('|')[1]);
    t.equal(workers.length, NAMES.length);
    t.same(new Set(workers), new Set(['citus-worker-1', 'citus-worker-2']));
  });

  await t.test('a worker that is killed takes its own coupons with it, and comes back', async (t) => {
    const isOfWorker = (await workersOfShards()).map((line) => line.endsWith('citus-worker-1'));
    const worker = await compose.container('citus-worker-1');
    await run('docker', ['kill', '--signal', 'KILL', worker]);
    t.same(
      (await claimAll('bob')).map((status) => status === 503),
      isOfWorker,
    );
    await run('docker', ['start', worker]);
    await until(
      'the worker',
      async () => (await claimAll(`late-${Math.random()}`)).every((status) => status !== 503),
      60_000,
    );
  });

  await t.test('the data survive the containers, and the nodes still know each other', async (t) => {
    await compose.run('down');
    await up();
    t.same(await claimAll('ada'), [409, 409, 409, 409]);
  });
});
