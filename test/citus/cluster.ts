import { randomBytes } from 'node:crypto';
import { isCitus } from '../support/all-shards.js';
import { connected, createOnCluster, dropFromCluster, inDatabase } from '../support/citus.js';
import { startProxy, type TcpProxy } from '../support/proxy.js';
import type { Scope } from '../support/scope.js';
import { connect, type ShardedDatabases } from '../support/sharded.js';

/** Why the tests of a cluster are skipped. */
export const skipWithoutCitus = isCitus
  ? false
  : 'there is no Citus: npm run test:citus, with TEST_CITUS_URL';

/** A cluster of a test. The ways to its nodes are in the hands of the test. */
export interface Cluster extends ShardedDatabases {
  /** The coordinator's URL, past the proxy. */
  direct: string;
  coordinator: TcpProxy;
  workers: TcpProxy[];
}

const SHARDS = 4;

/**
 * Creates a cluster with 4 shards, and removes it after the test.
 * @param isPrepared whether it has our tables.
 */
export async function createCluster(t: Scope, { isPrepared = true } = {}): Promise<Cluster> {
  const server = process.env['TEST_DATABASE_URL']!;
  const name = `test_${randomBytes(6).toString('hex')}`;
  const workers: TcpProxy[] = [];
  await createOnCluster(server, name, async ({ host, port }) => {
    const url = new URL(server);
    url.host = `${host}:${port}`;
    const proxy = await startProxy(t, url.href);
    workers.push(proxy);
    return { host: '127.0.0.1', port: proxy.port };
  });
  t.teardown(() => dropFromCluster(server, name));
  const direct = inDatabase(server, name);
  const coordinator = await startProxy(t, direct);
  const urls = [coordinator.url];
  const settings = {
    DATABASE_SHARDS: String(SHARDS),
    DATABASE_CITUS: 'true',
    DATABASE_URLS: coordinator.url,
  };
  const shards = connect(t, urls, settings);
  const { waiting } = isPrepared ? await shards.prepare() : { waiting: [] };
  if (waiting[0]) throw waiting[0].error;
  return { urls, settings, shards, sqls: [], direct, coordinator, workers };
}

/** The port of the worker that has each shard, as the nodes know it. */
export async function portsOfShards({ direct, shards }: Cluster): Promise<number[]> {
  const rows = await connected(
    direct,
    (sql) => sql<{ schema: string; port: number }[]>`
      select relnamespace::regnamespace::text as schema, nodeport as port
      from pg_dist_shard
      join pg_class on pg_class.oid = logicalrelid
      join pg_dist_placement using (shardid)
      join pg_dist_node using (groupid)
      where relname = 'coupons'`,
  );
  return shards.all.map(({ schema }) => rows.find((row) => row.schema === schema)!.port);
}
