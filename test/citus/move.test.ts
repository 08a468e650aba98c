import t from 'tap';
import { connected } from '../support/citus.js';
import { namesInEach, startShardedApp } from '../support/sharded.js';
import { until } from '../support/until.js';
import { createCluster, portsOfShards, skipWithoutCitus } from './cluster.js';
import { assertNothingIsLost, startLoad } from './load.js';

for (const mode of ['force_logical', 'block_writes']) {
  t.test(
    `shards that move to another node under load lose nothing (${mode})`,
    {
      skip: skipWithoutCitus,
    },
    async (t) => {
      const cluster = await createCluster(t);
      const apps = [await startShardedApp(t, cluster), await startShardedApp(t, cluster)];
      const names = namesInEach(cluster, 3).flat();
      for (const name of names) await apps[0]!.createCoupon(name, 1_000_000);
      const load = startLoad(apps, names);
      await until('the load', () => load.claimed > 500);
      const before = await portsOfShards(cluster);
      await connected(cluster.direct, async (sql) => {
        for (const [shard, { schema }] of cluster.shards.all.entries()) {
          const target = cluster.workers.find(({ port }) => port !== before[shard])!.port;
          await sql`select citus_schema_move(${schema!}::regnamespace, '127.0.0.1', ${target}, ${mode}::citus.shard_transfer_mode)`;
          const { claimed } = load;
          await until('claims after the move', () => load.claimed > claimed + 200);
        }
      });
      const after = await portsOfShards(cluster);
      t.ok(
        after.every((port, shard) => port !== before[shard]),
        'all have moved',
      );
      const outcomes = await load.stop();
      t.same(new Set(outcomes.values()), new Set(['claimed']), 'each claim got its coupon');
      await assertNothingIsLost(t, cluster, apps[0]!, outcomes);
    },
  );
}
