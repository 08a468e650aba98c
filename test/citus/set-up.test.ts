import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import t, { type Test } from 'tap';
import { migrate } from '../../db/migrate.js';
import { projectRoot } from '../../db/project-root.js';
import { readConfig } from '../../src/config.js';
import { connectShards } from '../../src/shards/connect.js';
import { moveIntoShards } from '../../src/shards/move/move.js';
import { startApp } from '../support/app.js';
import { connected } from '../support/citus.js';
import { users } from '../support/crowd.js';
import type { TestDatabase } from '../support/database.js';
import { readAll, replay } from '../support/events.js';
import { awkwardNames } from '../support/names.js';
import { patience } from '../support/patience.js';
import { auditShards, connect, startShardedApp } from '../support/sharded.js';
import { createCluster, portsOfShards, skipWithoutCitus } from './cluster.js';

const skip = skipWithoutCitus;

/** A cluster with a coupon `A`, of which one of five units is claimed. */
async function startSale(t: Test) {
  const cluster = await createCluster(t);
  const app = await startShardedApp(t, cluster);
  await app.createCoupon('A', 5);
  t.equal((await app.claim('A', 'ada')).status, 200);
  return { cluster, app };
}

t.test(
  'servers that start at once set a cluster up once, and settings that do not fit are refused',
  {
    skip,
  },
  async (t) => {
    const cluster = await createCluster(t, { isPrepared: false });
    const servers = Array.from({ length: 3 }, () => connect(t, cluster.urls, cluster.settings));
    const prepared = await Promise.all(servers.map((server) => server.prepare()));
    t.ok(prepared.every(({ waiting }) => waiting.length === 0));
    t.equal((await portsOfShards(cluster)).length, 4);
    t.same((await cluster.shards.unhealthy()).length, 0);
    for (const [settings, message] of [
      [{ DATABASE_CITUS: 'false' }, 'DATABASE_CITUS must be true: the database was set up so'],
      [{ DATABASE_SHARDS: '3' }, 'DATABASE_SHARDS must be 4: database 0 was set up with that many'],
    ] as const) {
      const other = connect(t, cluster.urls, { ...cluster.settings, ...settings });
      await t.rejects(other.prepare(), { message: `invalid setting: ${message}` });
    }
    const worker = connect(
      t,
      [cluster.workers[0]!.url.replace(/[^/]*$/, new URL(cluster.direct).pathname.slice(1))],
      cluster.settings,
    );
    await t.rejects(worker.prepare(), {
      message: 'invalid setting: DATABASE_URL must name the coordinator of the cluster',
    });
  },
);

t.test('shards that were set up without Citus are not taken for those of Citus', { skip }, async (t) => {
  const cluster = await createCluster(t, { isPrepared: false });
  await connect(t, cluster.urls, { ...cluster.settings, DATABASE_CITUS: 'false' }).prepare();
  await t.rejects(cluster.shards.prepare(), {
    message: 'invalid setting: DATABASE_CITUS must be false: the database was set up so',
  });
});

t.test(
  'a function that was lost, or that names the shards of another cluster, is made again',
  { skip },
  async (t) => {
    const { cluster, app } = await startSale(t);
    await connected(cluster.direct, async (sql) => {
      const functions = await sql<{ name: string }[]>`
      select oid::regprocedure::text as name from pg_proc where pronamespace::regnamespace::text like 'shard%'`;
      t.equal(functions.length, 8, 'one for claims with keys of their own, and one for others');
      for (const { name } of functions) await sql.unsafe(`drop function ${name}`);
    });
    await cluster.shards.prepare();
    t.equal((await app.claim('A', 'bea')).status, 200);
  },
);

t.test(
  'a later migration is applied to shards that are distributed, and claims go on',
  { skip },
  async (t) => {
    const { cluster, app } = await startSale(t);
    const folder = t.testdir({});
    await cp(join(projectRoot, 'db', 'migrations'), folder, { recursive: true });
    const text = `
    -- Of a later version.
    alter table coupons add column note text;
    create index coupons_note on coupons (note);
    update coupons set note = 'old';
  `;
    await writeFile(join(folder, '9999_later.sql'), text);
    await connected(cluster.direct, async (sql) => {
      for (const { schema } of cluster.shards.all) {
        const applied = await migrate(sql, { folder, schema, finish: async () => {} });
        t.same(applied, ['9999_later.sql']);
      }
    });
    t.equal((await app.claim('A', 'bea')).status, 200);
    const [row] = await cluster.shards.of('A').read((sql) => sql`select note, remaining_amount from coupons`);
    t.match(row, { note: 'old', remaining_amount: 3 });
  },
);

t.test(
  'the migration that Citus refuses for a shard is applied, and a shard that moves has it',
  { skip },
  async (t) => {
    const { cluster } = await startSale(t);
    const { schema } = cluster.shards.of('A');
    const isDone = () =>
      connected(cluster.direct, async (sql) => {
        const [row] = await sql<{ result: string }[]>`
          select result from run_command_on_shards(${`${schema}.events`}, $$
            select attstattarget = 0 from pg_attribute where attrelid = '%s'::regclass and attname = 'user_ids'
          $$)`;
        return row?.result === 't';
      });
    t.ok(await isDone(), 'a new shard');
    await connected(cluster.direct, async (sql) => {
      await sql`
        select run_command_on_shards(${`${schema}.events`}, 'alter table %s alter column user_ids set statistics -1')`;
      const name = '0006_no_statistics_of_the_log.sql';
      await sql`delete from ${sql(`${schema}.schema_migrations`)} where name = ${name}`;
      t.same(await migrate(sql, { schema, finish: async () => {} }), [name]);
    });
    t.notOk(await isDone(), 'a shard of before');
    await connected(cluster.direct, async (sql) => {
      const [target] = await sql<{ nodename: string; nodeport: number }[]>`
        select nodename, nodeport from pg_dist_node
        where groupid > 0 and groupid <> (
          select groupid from pg_dist_placement join pg_dist_shard using (shardid)
          where logicalrelid = ${`${schema}.events`}::regclass
        )
        limit 1`;
      await sql`select citus_schema_move(${schema!}::regnamespace, ${target!.nodename}::text, ${target!.nodeport}::int)`;
    });
    t.ok(await isDone(), 'after its move');
  },
);

t.test('a sale without shards moves into those of a cluster, and goes on', { skip }, async (t) => {
  const cluster = await createCluster(t, { isPrepared: false });
  const url = cluster.direct;
  const undivided = connectShards([url], readConfig(patience), pino({ enabled: false }));
  t.teardown(() => undivided.close());
  await undivided.prepare();
  const app = await startApp(t, { beside: { database: { url } as TestDatabase } as never });
  for (const name of awkwardNames) await app.createCoupon(name, 10);
  await Promise.all(users(8).flatMap((user) => awkwardNames.map((name) => app.claim(name, user))));
  const first = awkwardNames[0]!;
  await app.request('DELETE', `/api/coupons/${encodeURIComponent(first)}/claims/user-1`);
  const before = await readAll(app);

  await moveIntoShards(cluster.shards, {
    openSource: () => undivided.all[0]!.openClient({}),
    onProgress: () => {},
  });
  t.same((await cluster.shards.prepare()).waiting, []);
  const moved = await startShardedApp(t, cluster);
  t.same(replay(await readAll(moved)), replay(before), 'the log tells the same');
  t.equal((await moved.claim(first, 'late')).status, 200);
  t.equal((await moved.createCoupon('new', 1)).status, 201);
  t.same(await auditShards({ ...cluster, urls: [url] }), []);
  replay(await readAll(moved));
});

t.test('a cluster that distributes each new schema by itself is set up as well', { skip }, async (t) => {
  const cluster = await createCluster(t, { isPrepared: false });
  await connected(cluster.direct, async (sql) => {
    const name = new URL(cluster.direct).pathname.slice(1);
    await sql`alter database ${sql(name)} set citus.enable_schema_based_sharding = on`;
  });
  const { waiting } = await cluster.shards.prepare();
  t.equal(waiting.length, 0);
  t.equal((await portsOfShards(cluster)).length, 4);
});
