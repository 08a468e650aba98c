import t from 'tap';
import { connected } from '../support/citus.js';
import { namesInEach, startShardedApp } from '../support/sharded.js';
import { until } from '../support/until.js';
import { createCluster, portsOfShards, skipWithoutCitus } from './cluster.js';
import { assertNothingIsLost, startLoad } from './load.js';

/** Its claims wait longer than the test may take, if their outcome is unknown. */
const PATIENT = { CLAIM_OUTCOME_TIMEOUT_MS: '600000' };
const IMPATIENT = { CLAIM_OUTCOME_TIMEOUT_MS: '500', CLAIM_WAIT_TIMEOUT_MS: '500' };

t.test(
  'a worker that is lost takes its own coupons with it, and no others, and comes back',
  {
    skip: skipWithoutCitus,
  },
  async (t) => {
    const cluster = await createCluster(t);
    const app = await startShardedApp(t, cluster, IMPATIENT);
    const patient = await startShardedApp(t, cluster, PATIENT);
    const names = namesInEach(cluster, 1).flat();
    for (const name of names) await app.createCoupon(name, 1_000_000);
    const load = startLoad([app], names);
    await until('the load', () => load.claimed > 200);

    const ports = await portsOfShards(cluster);
    const refused = new Map<string, boolean>();
    const [lost] = cluster.workers;
    await lost!.close();
    for (const [shard, name] of names.entries()) {
      const isDown = ports[shard] === lost!.port;
      t.equal((await app.claim(name, 'ada')).status, isDown ? 503 : 200, `a claim in shard ${shard}`);
      // The node has no open connection of this service, so nothing can have been sent to it.
      t.equal((await patient.claim(name, 'bob')).status, isDown ? 503 : 200, `at once, in shard ${shard}`);
      refused.set(name, isDown);
      const answer = await app.request('GET', `/api/coupons/${name}?claimed_by=false`);
      t.equal(answer.status, isDown ? 503 : 200, `a read in shard ${shard}`);
    }
    await lost!.open();
    for (const name of names) {
      await until(
        `claims of ${name}`,
        async () => (await app.claim(name, `late-${Math.random()}`)).status === 200,
      );
    }
    for (const [name, isRefused] of refused) {
      const { status } = await app.request('GET', `/api/coupons/${name}/claims/bob`);
      t.equal(status, isRefused ? 404 : 200, 'what was refused was not made');
    }
    await assertNothingIsLost(t, cluster, app, await load.stop());
  },
);

t.test(
  'a coordinator that is lost under load, again and again, loses no claim that was answered with 200',
  {
    skip: skipWithoutCitus,
  },
  async (t) => {
    const cluster = await createCluster(t);
    const apps = [await startShardedApp(t, cluster), await startShardedApp(t, cluster)];
    const names = namesInEach(cluster, 2).flat();
    for (const name of names) await apps[0]!.createCoupon(name, 1_000_000);
    const load = startLoad(apps, names);
    for (let round = 0; round < 5; round++) {
      const { claimed } = load;
      await until('the load', () => load.claimed > claimed + 200);
      await cluster.coordinator.close();
      await connected(
        cluster.direct,
        (sql) => sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
      );
      await cluster.coordinator.open();
    }
    const { claimed } = load;
    await until('the load', () => load.claimed > claimed + 200);
    const outcomes = await load.stop();
    // A claim whose outcome was unknown was repeated until it was known.
    t.notOk([...outcomes.values()].includes('outcome_unknown'));
    await assertNothingIsLost(t, cluster, apps[0]!, outcomes);
  },
);
