import type { Sql } from 'postgres';
import t from 'tap';
import { connected, type Node, nodesOf } from '../support/citus.js';
import { namesInEach, startShardedApp } from '../support/sharded.js';
import { until } from '../support/until.js';
import { createCluster, skipWithoutCitus } from './cluster.js';
import { assertNothingIsLost, startLoad } from './load.js';

/** In turns. */
const CRASHES_OF_EACH = 3;

t.test(
  'nodes that crash under load, one after the other, lose no claim that was answered with 200',
  { skip: skipWithoutCitus },
  async (t) => {
    const cluster = await createCluster(t);
    const apps = [await startShardedApp(t, cluster), await startShardedApp(t, cluster)];
    const names = namesInEach(cluster, 2).flat();
    for (const name of names) await apps[0]!.createCoupon(name, 1_000_000);
    const nodes = await nodesOf(process.env['TEST_DATABASE_URL']!);
    t.ok(nodes.length >= 3, 'a coordinator and two workers');
    const load = startLoad(apps, names);
    for (let round = 0; round < CRASHES_OF_EACH; round++) {
      for (const node of nodes) {
        const { claimed } = load;
        await until('the load', () => load.claimed > claimed + 200);
        await crash(node);
      }
    }
    for (const name of names) {
      await until(
        `claims of ${name}`,
        async () => (await apps[0]!.claim(name, crypto.randomUUID())).status === 200,
      );
    }
    const outcomes = await load.stop();
    await assertNothingIsLost(t, cluster, apps[0]!, outcomes);
  },
);

/** Ends a process of the node by SIGKILL. PostgreSQL then ends all others, and recovers from its log. */
async function crash({ host, port }: Node): Promise<void> {
  const url = new URL(process.env['TEST_DATABASE_URL']!);
  url.host = `${host}:${port}`;
  const isUp = (sql: Sql) => sql`select`.then(() => true);
  const { code } = await connected(url.href, (sql) => sql`copy (select) to program 'kill -9 $PPID'`).catch(
    (error) => error,
  );
  if (code !== 'CONNECTION_CLOSED' && code !== 'ECONNRESET')
    throw new Error(`the node did not crash: ${code}`);
  await until('the node', () => connected(url.href, isUp).catch(() => false));
}
