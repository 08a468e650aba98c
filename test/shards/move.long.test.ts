import pino from 'pino';
import t, { type Test } from 'tap';
import { readConfig } from '../../src/config.js';
import { connectShards } from '../../src/shards/connect.js';
import { moveIntoShards } from '../../src/shards/move/move.js';
import type { Shards } from '../../src/shards/shards.js';
import { startApp } from '../support/app.js';
import { users } from '../support/crowd.js';
import { createDatabase, UNDIVIDED } from '../support/database.js';
import { readAll, replay } from '../support/events.js';
import { awkwardNames } from '../support/names.js';
import { patience } from '../support/patience.js';
import { startService } from '../support/process.js';
import { startProxy } from '../support/proxy.js';
import { auditShards, connect, startShardedApp } from '../support/sharded.js';
import { until } from '../support/until.js';
import { SECRET, startReceiver } from '../support/webhook.js';

const SETTINGS = { DATABASE_SHARDS: '4' };

function move(
  t: Test,
  shards: Shards,
  url: string,
  onProgress: (sentence: string) => void = () => {},
): Promise<void> {
  const undivided = connectShards([url], readConfig(patience), pino({ enabled: false }));
  t.teardown(() => undivided.close());
  const openSource = () => undivided.all[0]!.openClient({});
  return moveIntoShards(shards, { openSource, onProgress });
}

/** A sale without shards, with something of everything. */
async function startSale(t: Test) {
  const database = await createDatabase(t, { shape: UNDIVIDED });
  const app = await startApp(t, { beside: { database } as never, settings: { CLAIM_LANES: '1' } });
  for (const name of awkwardNames) await app.createCoupon(name, 10);
  // One statement has claims for coupons of all shards.
  const claims = users(12).flatMap((user_id) =>
    awkwardNames.map((coupon_name) => ({ user_id, coupon_name })),
  );
  t.equal((await app.request('POST', '/api/claims', { body: { claims } })).status, 200);
  for (const name of awkwardNames.slice(0, 9)) {
    const path = `/api/coupons/${encodeURIComponent(name)}`;
    await app.request('DELETE', `${path}/claims/${(await app.getCoupon(name)).claimed_by[4]}`);
    await app.request('PATCH', path, { body: { amount: 20, ends_at: '2999-01-01T00:00:00Z' } });
  }
  return { app, database };
}

for (const databases of [1, 2]) {
  t.test(`a sale moves into 4 shards in ${databases} databases, and goes on`, async (t) => {
    const { app, database } = await startSale(t);
    const before = await readAll(app);
    const coupons = await Promise.all(awkwardNames.map((name) => app.getCoupon(name)));
    const other = await createDatabase(t, { shape: UNDIVIDED, migrated: false });
    const urls = [database.url, other.url].slice(0, databases);
    const shards = connect(t, urls, SETTINGS);
    await move(t, shards, database.url);

    t.equal(
      (await app.claim('claim', 'late')).status,
      503,
      'a service without shards has no tables any more',
    );
    const { waiting } = await shards.prepare();
    t.same(waiting, []);
    const moved = await startShardedApp(t, { urls, settings: SETTINGS });
    for (const coupon of coupons) t.same(await moved.getCoupon(coupon.name), coupon);
    const after = await readAll(moved);
    t.same(replay(after), replay(before), 'the log tells the same');
    t.equal(after.length, before.length);
    for (const name of awkwardNames) await moved.claim(name, 'new');
    await moved.createCoupon('after the move', 5);
    t.equal(
      (await readAll(moved, after.at(-1)!.cursor)).length,
      9 + 1,
      'new events come behind the old ones',
    );
    t.same(await auditShards({ shards, urls, settings: {}, sqls: [] }), []);
    await t.rejects(
      connect(t, [database.url], { DATABASE_SHARDS: '1' }).prepare(),
      /DATABASE_SHARDS must be 4/,
      'nobody goes on without shards',
    );
  });
}

t.test('a move under load loses no claim', async (t) => {
  const { app, database } = await startSale(t);
  const made: string[] = [];
  let isMoved = false;
  const claimUntilMoved = async (client: number) => {
    for (let i = 0; !isMoved; i++) {
      const user_id = `${client}-${i}`;
      const created = await app.createCoupon(user_id, 1);
      const { status } = created.status === 201 ? await app.claim(user_id, user_id) : created;
      if (status === 200) made.push(user_id);
      else t.equal(status, 503);
    }
  };
  const loads = Array.from({ length: 4 }, (_, client) => claimUntilMoved(client));
  await until('claims', () => made.length > 20);
  const shards = connect(t, [database.url], SETTINGS);
  await move(t, shards, database.url).finally(() => (isMoved = true));
  await Promise.all(loads);
  t.same((await shards.prepare()).waiting, []);
  t.same(await auditShards({ shards, urls: [database.url], settings: {}, sqls: [] }), []);
  const moved = await startShardedApp(t, { urls: [database.url], settings: SETTINGS });
  for (const name of made) t.same((await moved.getCoupon(name)).claimed_by, [name]);
});

t.test('the relay goes on at its place, also within a row of the log', async (t) => {
  const { database } = await startSale(t);
  const { sql } = database;
  const [row] = await sql<{ id: string; names: string[] }[]>`
    select id::text, to_json(coupon_names) as names from events
    where cardinality(coupon_names) > 20 order by id desc limit 1`;
  await sql`update relay set row_id = ${row!.id}::text::bigint, count = 15`;
  const shards = connect(t, [database.url], SETTINGS);
  await move(t, shards, database.url);
  const left: string[] = [];
  for (const shard of shards.all) {
    const rows = await shard.read(
      (sql) => sql<{ name: string }[]>`
        select name from relay, events, unnest(coupon_names) with ordinality as change (name, ordinal)
        where events.id = ${row!.id}::text::bigint
          and (events.id > row_id or (events.id = row_id and count > 0 and ordinal > count))`,
    );
    left.push(...rows.map(({ name }) => name));
  }
  t.same(left.sort(), row!.names.slice(15).sort());
});

t.test('the relay sends nothing again, and goes on with what is new in each shard', async (t) => {
  const { app, database } = await startSale(t);
  const receiver = await startReceiver(t);
  const relaySettings = { DATABASE_URL: database.url, RELAY_URL: receiver.url, RELAY_SECRET: SECRET };
  const before = startService(t, relaySettings, { script: 'src/relay.js' });
  const { length } = await readAll(app);
  await until('all events', () => receiver.requests.length === length);
  t.equal(await before.stop(), 0);
  // The last event is of one shard alone.
  await app.createCoupon('the last', 1);
  const again = startService(t, relaySettings, { script: 'src/relay.js' });
  await until('the last event', () => receiver.requests.length === length + 1);
  t.equal(await again.stop(), 0);

  await move(t, connect(t, [database.url], SETTINGS), database.url);
  const after = startService(t, { ...relaySettings, ...SETTINGS }, { script: 'src/relay.js' });
  // It looks at each shard before anything new is there.
  for (const shard of [0, 1, 2, 3]) await after.logged(`this relay is active for shard ${shard}`);
  const moved = await startShardedApp(t, { urls: [database.url], settings: SETTINGS });
  const names = users(20);
  for (const name of names) t.equal((await moved.createCoupon(name, 1)).status, 201);
  await until('the new events', () => receiver.requests.length >= length + 1 + names.length);
  t.same(
    receiver.requests
      .slice(length + 1)
      .map(({ event }) => event.subject)
      .sort(),
    [...names].sort(),
  );
  t.notOk(after.log.some(({ level }) => level > 40));
  t.equal(await after.stop(), 0);
});

t.test(
  'a move gives way to those who use the tables for long, and is made when they have ended',
  async (t) => {
    const { app, database } = await startSale(t);
    const other = await database.sql.reserve();
    await other.unsafe('begin; select from coupons');
    const shards = connect(t, [database.url], SETTINGS);
    const sentences: string[] = [];
    const moved = move(t, shards, database.url, (sentence) => sentences.push(sentence));
    await until('the wait', () => sentences.some((sentence) => sentence.startsWith('waiting for others')));
    t.equal((await app.request('GET', '/api/coupons/claim')).status, 200, 'reads go on between the attempts');
    await until('a claim', async () => (await app.claim('claim', 'meanwhile')).status !== 503);
    await other.unsafe('commit');
    other.release();
    await moved;
    t.same(await auditShards({ shards, urls: [database.url], settings: {}, sqls: [] }), []);
  },
);

t.test('a move that fails again halfway can still be tried again', async (t) => {
  const { database } = await startSale(t);
  const other = await createDatabase(t, { shape: UNDIVIDED, migrated: false });
  const proxy = await startProxy(t, other.url);
  const urls = [database.url, proxy.url];
  await database.sql`create schema before_shards`;
  await t.rejects(move(t, connect(t, urls, SETTINGS), database.url), { code: '42P06' });
  await proxy.close();
  await t.rejects(move(t, connect(t, urls, SETTINGS), database.url), { code: 'ECONNREFUSED' });
  await proxy.open();
  await database.sql`drop schema before_shards`;
  const shards = connect(t, urls, SETTINGS);
  await move(t, shards, database.url);
  t.same(await auditShards({ shards, urls, settings: {}, sqls: [] }), []);
});

t.test('a move that fails changes nothing, and can be tried again', async (t) => {
  const { app, database } = await startSale(t);
  const shards = connect(t, [database.url], SETTINGS);
  // It fails at its last step.
  await database.sql`create schema before_shards`;
  await t.rejects(move(t, shards, database.url), { code: '42P06' });
  t.equal((await app.claim(awkwardNames[0]!, 'late')).status, 200, 'the sale goes on without shards');
  await t.rejects(shards.prepare(), /has coupons that are not divided/, 'and not with half of them');
  await database.sql`drop schema before_shards`;
  await move(t, shards, database.url);
  t.same((await shards.prepare()).waiting, []);
  t.same(await auditShards({ shards, urls: [database.url], settings: {}, sqls: [] }), []);
});

t.test('a move into shards that would not have the same is refused, and changes nothing', async (t) => {
  const { app, database } = await startSale(t);
  await database.sql`alter table coupons add column note text`;
  await t.rejects(move(t, connect(t, [database.url], SETTINGS), database.url), {
    message: 'the shards do not have what the tables have: nothing was changed',
  });
  t.equal((await app.claim(awkwardNames[0]!, 'late')).status, 200);
});

t.test('differences in the books move as they are', async (t) => {
  const { database } = await startSale(t);
  await database.sql`insert into claims (coupon_name, user_id) values ('claim', 'by hand')`;
  const shards = connect(t, [database.url], SETTINGS);
  await move(t, shards, database.url);
  const found = await auditShards({ shards, urls: [database.url], settings: {}, sqls: [] });
  t.ok(found.length > 0 && found.every((sentence) => sentence.startsWith('claim: ')));
});

t.test('a move is refused without a sale to move, or into databases that are in use', async (t) => {
  const { database } = await startSale(t);
  const used = await createDatabase(t, { shape: UNDIVIDED });
  const empty = await createDatabase(t, { shape: UNDIVIDED, migrated: false });
  await t.rejects(
    move(t, connect(t, [database.url, used.url], SETTINGS), database.url),
    /database 1 is in use/,
  );
  await t.rejects(move(t, connect(t, [empty.url], SETTINGS), empty.url), /there is nothing to move/);
});
