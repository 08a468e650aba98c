import t from 'tap';
import { users } from '../support/crowd.js';
import { readAll, readPage, replay } from '../support/events.js';
import { createShards, namesInEach, startShardedApp } from '../support/sharded.js';

t.test(
  'the merged log has every event once, with each coupon in its order, for any size of page',
  async (t) => {
    const databases = await createShards(t, { shards: 4, databases: 2 });
    const app = await startShardedApp(t, databases);
    const names = namesInEach(databases, 2).flat();
    await Promise.all(names.map((name) => app.createCoupon(name, 10)));
    await Promise.all(users(15).flatMap((user) => names.map((name) => app.claim(name, user))));
    await app.request(
      'DELETE',
      `/api/coupons/${names[0]}/claims/${(await app.getCoupon(names[0]!)).claimed_by[0]}`,
    );
    for (const limit of [1, 3, 100, 1000]) {
      const events = await readAll(app, undefined, limit);
      t.equal(events.length, names.length * 11 + 1);
      t.equal(new Set(events.map(({ id }) => id)).size, events.length, 'ids differ');
      const replayed = replay(events);
      for (const name of names) {
        const { claimed_by } = await app.getCoupon(name);
        t.same(
          replayed[name]?.claims.map(([user]) => user),
          claimed_by,
        );
      }
    }
  },
);

t.test('a reader goes on behind any event: with its cursor, or as a stream', async (t) => {
  const databases = await createShards(t, { shards: 4, databases: 1 });
  const app = await startShardedApp(t, databases);
  const names = namesInEach(databases, 1).flat();
  for (const name of names) await app.createCoupon(name, 10);
  await Promise.all(users(5).flatMap((user) => names.map((name) => app.claim(name, user))));
  const events = await readAll(app);
  for (const [i, { cursor }] of events.entries()) {
    const rest = await readAll(app, cursor);
    t.same(
      rest.map(({ id }) => id).sort(),
      events
        .slice(i + 1)
        .map(({ id }) => id)
        .sort(),
    );
  }
  const stream = await fetch(`${app.url}/api/events`, {
    headers: { Accept: 'text/event-stream', 'Last-Event-ID': events[3]!.cursor! },
  });
  const reader = stream.body!.getReader();
  let text = '';
  while (text.split('\nevent: ').length <= events.length - 4) {
    text += new TextDecoder().decode((await reader.read()).value);
  }
  await reader.cancel();
  const lines = [...text.matchAll(/^id: (.*)\nevent: .*\ndata: (.*)$/gm)];
  t.same(
    lines.map(([, , data]) => JSON.parse(data!).id).sort(),
    events
      .slice(4)
      .map(({ id }) => id)
      .sort(),
  );
  t.ok(
    lines.every(([, id, data]) => JSON.parse(data!).cursor === id),
    'the id of a message is the cursor',
  );
});

t.test('after=now and a long poll get what comes, from each shard', async (t) => {
  const databases = await createShards(t, { shards: 3, databases: 1 });
  const app = await startShardedApp(t, databases);
  const names = namesInEach(databases, 1).flat();
  for (const name of names) await app.createCoupon(name, 10);
  let { next_cursor: after, items } = await readPage(app, { after: 'now' });
  t.same(items, []);
  for (const name of names) {
    const waiting = readPage(app, { after, wait: 30 });
    await app.claim(name, 'ada');
    ({ next_cursor: after, items } = await waiting);
    t.match(items, [{ type: 'claim.made', subject: name }]);
  }
  t.same(await readPage(app, { after, wait: 1 }), { items: [], next_cursor: after }, 'nothing new');
});

t.test('cursors of another log, of one shard, or of events that are gone, get 410', async (t) => {
  const databases = await createShards(t, { shards: 2, databases: 1 });
  const app = await startShardedApp(t, databases);
  const names = namesInEach(databases, 1).flat();
  for (const name of names) await app.createCoupon(name, 10);
  const { items, next_cursor } = await readPage(app);
  const statusOf = async (after: string) => (await app.request('GET', `/api/events?after=${after}`)).status;
  t.equal(await statusOf(next_cursor), 200);
  t.equal(await statusOf(items[0]!.id), 410, 'the id of an event');
  t.equal(await statusOf(next_cursor.replace(/^2-../, '2-00')), 410, 'another epoch');
  t.equal(await statusOf(`${next_cursor}-1`), 410, 'another number of shards');
  await databases.shards.all[1]!.write((sql) => sql`update event_log set deleted_id = 1`);
  t.equal(await statusOf(items[0]!.cursor!), 410, 'events of one shard are gone');
  t.equal(await statusOf(next_cursor), 200);
});

t.test('old events of all shards are deleted', async (t) => {
  const databases = await createShards(t, { shards: 2, databases: 1 });
  for (const { write } of databases.shards.all) {
    await write(
      (sql) => sql`
        insert into events (created_at, type, coupon_names)
        select now() - interval '9 days', 'coupon.deleted', array['A'] from generate_series(1, 150)`,
    );
  }
  const app = await startShardedApp(t, databases, { EVENTS_KEEP_DAYS: '7' });
  for (;;) {
    const counts = await Promise.all(
      databases.shards.all.map(({ read }) => read((sql) => sql`select from events limit 1`)),
    );
    if (counts.every(({ length }) => length === 0)) break;
  }
  t.same((await readPage(app)).items, []);
});
