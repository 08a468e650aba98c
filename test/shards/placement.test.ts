import t from 'tap';
import type { Server } from '../../src/database/server.js';
import { agreeOnPlacement, PlacementRefused } from '../../src/shards/placement.js';
import { createDatabase, UNDIVIDED } from '../support/database.js';
import { startProxy } from '../support/proxy.js';
import { connect, createShards } from '../support/sharded.js';
import { until } from '../support/until.js';

t.test('servers that start at once set the databases up once, with one installation', async (t) => {
  const [a, b] = [
    await createDatabase(t, { migrated: false, shape: UNDIVIDED }),
    await createDatabase(t, { migrated: false, shape: UNDIVIDED }),
  ];
  const urls = [a.url, b.url];
  const servers = Array.from({ length: 5 }, () => connect(t, urls, { DATABASE_SHARDS: '4' }));
  const prepared = await Promise.all(servers.map((server) => server.prepare()));
  t.ok(prepared.every(({ waiting }) => waiting.length === 0));
  const places = [];
  for (const { sql } of [a, b]) places.push(...(await sql`select * from shard_placement`));
  t.match(places, [
    { shards: 4, databases: 2, database: 0, is_complete: true },
    { shards: 4, databases: 2, database: 1, is_complete: false },
  ]);
  t.equal(places[0]!['installation'], places[1]!['installation']);
  const schemas = await b.sql`select nspname from pg_namespace where nspname like 'shard%' order by 1`;
  t.same(
    schemas.map(({ nspname }) => nspname),
    ['shard_1_of_4', 'shard_3_of_4'],
  );
});

t.test(
  'a server that looks while another one sets the databases up does not take one for lost',
  async (t) => {
    const urls: string[] = [];
    for (let i = 0; i < 2; i++) {
      urls.push((await createDatabase(t, { migrated: false, shape: UNDIVIDED })).url);
    }
    const [early, other] = [1, 2].map(() => connect(t, urls, { DATABASE_SHARDS: '4' }));
    const [root, next] = early!.servers as unknown as [Server, Server];
    // It looks into database 1 before, and into database 0 after the other one has set up both.
    const late: Server = {
      ...root,
      query: async (run) => {
        await next.query((sql) => sql`select`);
        await other!.prepare();
        return root.query(run);
      },
    };
    t.same(await agreeOnPlacement([late, next], early!.shape), []);
  },
);

t.test('settings that would split the data are refused, and the sentence names the setting', async (t) => {
  const ours = await createShards(t, { shards: 4, databases: 2 });
  const others = await createShards(t, { shards: 4, databases: 2 });
  const plain = await createDatabase(t, { shape: UNDIVIDED });
  const empty = await createDatabase(t, { migrated: false, shape: UNDIVIDED });
  const [a = '', b = ''] = ours.urls;
  const cases: [urls: string[], shards: string, message: string][] = [
    [[a, b], '8', 'DATABASE_SHARDS must be 4: database 0 was set up with that many'],
    [[a], '4', 'DATABASE_URLS must name 2 databases: database 0 was set up with that many'],
    [[b, a], '4', 'DATABASE_URLS must be in the order in which they were set up: number 0 is database 1'],
    [
      [a, others.urls[1]!],
      '4',
      'DATABASE_URLS must be of one installation: the databases were not set up together',
    ],
    [[a, empty.url], '4', 'DATABASE_URLS must name the databases that were set up: database 1 is empty'],
    [[empty.url, b], '4', 'DATABASE_URLS must name the databases that were set up: database 0 is empty'],
    [
      [plain.url],
      '2',
      'DATABASE_SHARDS must be absent: database 0 has coupons that are not divided into shards; ' +
        'npm run shards:move divides them',
    ],
    [
      [a],
      '1',
      'DATABASE_SHARDS must be 4: the database has that many shards, in 2 databases (DATABASE_URLS)',
    ],
  ];
  for (const [urls, DATABASE_SHARDS, sentence] of cases) {
    const error = await connect(t, urls, { DATABASE_SHARDS })
      .prepare()
      .catch((error) => error);
    t.type(error, PlacementRefused, sentence);
    t.equal(error.message, `invalid setting: ${sentence}`);
  }
  t.same((await connect(t, [a, b], { DATABASE_SHARDS: '4' }).prepare()).waiting, [], 'the right ones work');
  const tables =
    await empty.sql`select from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`;
  t.equal(tables.length, 0, 'a refusal leaves nothing behind');
});

t.test(
  'a database with another number of shards has no tables for a server that skips the guard',
  async (t) => {
    const { urls } = await createShards(t, { shards: 4, databases: 1 });
    const wrong = connect(t, urls, { DATABASE_SHARDS: '2' });
    await t.rejects(
      wrong.of('A').read((sql) => sql`select from coupons`),
      { code: '42P01' },
    );
  },
);

t.test('new databases wait for each other: one that is down may tell that they are not new', async (t) => {
  const a = await createDatabase(t, { migrated: false, shape: UNDIVIDED });
  const b = await createDatabase(t, { migrated: false, shape: UNDIVIDED });
  const proxy = await startProxy(t, b.url);
  await proxy.close();
  const shards = connect(t, [a.url, proxy.url], { DATABASE_SHARDS: '2' });
  const { applied, waiting } = await shards.prepare();
  t.same(applied, []);
  t.same(waiting.map(({ server }) => server.name).sort(), ['database 0', 'database 1']);
  await proxy.open();
  await until('both', async () => (await shards.prepare()).waiting.length === 0);
});

t.test('a database that is no coordinator of Citus is refused, and left as it is', async (t) => {
  const { url, sql } = await createDatabase(t, { migrated: false, shape: UNDIVIDED });
  const shards = connect(t, [url], { DATABASE_SHARDS: '4', DATABASE_CITUS: 'true' });
  await t.rejects(shards.prepare(), {
    constructor: PlacementRefused,
    message: 'invalid setting: DATABASE_CITUS must be false: the database has no extension citus',
  });
  t.equal((await sql`select from pg_namespace where nspname like 'shard%'`).count, 0);
});

t.test('a check changes nothing, and tells what is wrong', async (t) => {
  const { shards, urls } = await createShards(t, { shards: 4, databases: 2 });
  await shards.verifyComplete();
  const verify = (urls: readonly string[], settings: Record<string, string>) =>
    connect(t, urls, settings).verifyComplete();
  const refusals: [urls: string[], count: string, sentence: RegExp][] = [
    [urls, '6', /DATABASE_SHARDS must be 4/],
    [[urls[0]!], '4', /DATABASE_URLS must name 2 databases/],
    [[urls[0]!], '1', /DATABASE_SHARDS must be 4/],
    [[...urls].reverse(), '4', /in the order in which they were set up/],
    [[urls[0]!, 'postgres://127.0.0.1:1/none'], '4', /^database 1: .*ECONNREFUSED/],
  ];
  for (const [urls, count, message] of refusals) {
    await t.rejects(verify(urls, { DATABASE_SHARDS: count }), { message });
  }
  const empty = await createDatabase(t, { migrated: false, shape: UNDIVIDED });
  for (const count of ['1', '4']) {
    await t.rejects(verify([empty.url], { DATABASE_SHARDS: count }), { message: /has no coupons/ });
  }
  t.equal((await empty.sql`select from pg_class where relname = 'shard_placement'`).count, 0);
  const undivided = await createDatabase(t, { shape: UNDIVIDED });
  await verify([undivided.url], { DATABASE_SHARDS: '1' });
  await t.rejects(verify([undivided.url], { DATABASE_SHARDS: '4' }), { message: /npm run shards:move/ });
});
