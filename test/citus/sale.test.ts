import t from 'tap';
import { countStatuses } from '../support/app.js';
import { claimAll, everyone, users } from '../support/crowd.js';
import { auditShards, namesInEach, startShardedApp } from '../support/sharded.js';
import { createCluster, portsOfShards, skipWithoutCitus } from './cluster.js';

t.test(
  'three services race for the coupons of all nodes: each coupon has exactly its stock of claims',
  {
    skip: skipWithoutCitus,
  },
  async (t) => {
    const cluster = await createCluster(t);
    t.ok(new Set(await portsOfShards(cluster)).size > 1, 'the shards live on several nodes');
    const apps = [];
    for (let i = 0; i < 3; i++) apps.push(await startShardedApp(t, cluster));
    const names = namesInEach(cluster, 2).flat();
    for (const name of names) t.equal((await apps[0]!.createCoupon(name, 30)).status, 201);
    const answers = await claimAll(apps, everyone(names, users(50)));
    t.same(countStatuses(answers), { 200: 30 * names.length, 400: 20 * names.length });
    const again = await claimAll(apps, everyone(names, users(50)));
    t.same(countStatuses(again), { 409: 30 * names.length, 400: 20 * names.length });
    t.same(await auditShards({ ...cluster, urls: [cluster.direct] }), []);
  },
);

t.test(
  'a claim that is repeated with its key was made once, and a released one is not made again',
  {
    skip: skipWithoutCitus,
  },
  async (t) => {
    const cluster = await createCluster(t);
    const app = await startShardedApp(t, cluster);
    await app.createCoupon('A', 5);
    const claim = () => app.claim('A', 'ada', { 'Idempotency-Key': 'one' });
    t.equal((await claim()).status, 200);
    t.equal((await claim()).headers.get('Idempotent-Replayed'), 'true');
    t.equal((await app.request('DELETE', '/api/coupons/A/claims/ada')).status, 204);
    t.equal((await claim()).json()['code'], 'claim_released');
    t.same(await auditShards({ ...cluster, urls: [cluster.direct] }), []);
  },
);
