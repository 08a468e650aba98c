import t from 'tap';
import { countStatuses } from '../support/app.js';
import { users } from '../support/crowd.js';
import { awkwardNames } from '../support/names.js';
import { auditShards, createShards, namesInEach, startShardedApp } from '../support/sharded.js';

for (const shape of [
  { shards: 4, databases: 1 },
  { shards: 4, databases: 2 },
  { shards: 2, databases: 2 },
]) {
  const place = `${shape.shards} shards in ${shape.databases} databases`;

  t.test(`${place}: each coupon lives in its shard, with exactly its stock of claims`, async (t) => {
    const databases = await createShards(t, shape);
    const app = await startShardedApp(t, databases);
    const names = namesInEach(databases, 2);
    for (const name of names.flat()) t.equal((await app.createCoupon(name, 10)).status, 201);
    const answers = await Promise.all(
      users(25).flatMap((user) => names.flat().map((name) => app.claim(name, user))),
    );
    const coupons = names.flat().length;
    t.same(countStatuses(answers), { 200: 10 * coupons, 400: 15 * coupons });
    for (const [shard, { read }] of databases.shards.all.entries()) {
      const rows = await read((sql) => sql`select name, remaining_amount from coupons order by name`);
      t.same(
        rows.map(({ name }) => name),
        [...names[shard]!].sort(),
        `shard ${shard} has its own coupons`,
      );
      t.ok(rows.every(({ remaining_amount }) => remaining_amount === 0));
    }
    t.same(await auditShards(databases), []);
    t.same((await databases.shards.prepare()).waiting, [], 'a look from outside of the shards still works');
  });

  t.test(`${place}: every operation finds a coupon, whatever its name is`, async (t) => {
    const databases = await createShards(t, shape);
    const app = await startShardedApp(t, databases);
    for (const name of awkwardNames) {
      const path = `/api/coupons/${encodeURIComponent(name)}`;
      t.equal((await app.createCoupon(name, 2)).status, 201, `created ${name}`);
      t.equal((await app.createCoupon(name, 2)).status, 409, 'created once');
      t.equal((await app.claim(name, 'ada')).status, 200, 'claimed');
      t.same((await app.getCoupon(name)).claimed_by, ['ada'], 'read');
      t.equal((await app.request('PATCH', path, { body: { amount: 3 } })).status, 200, 'changed');
      t.equal((await app.request('GET', `${path}/claims/ada`)).status, 200, 'the claim is read');
      t.equal(
        (await app.request('GET', `${path}/claims`)).json<{ items: [] }>().items.length,
        1,
        'claims are listed',
      );
      t.equal((await app.request('DELETE', `${path}/claims/ada`)).status, 204, 'released');
      t.equal((await app.request('DELETE', path)).status, 409, 'it has claims');
    }
    t.same(await auditShards(databases), []);
  });
}

t.test('one connection serves several shards, and no query runs in another one', async (t) => {
  const databases = await createShards(t, { shards: 4, databases: 1 });
  // One connection each for reads, long reads and writes.
  const app = await startShardedApp(t, databases, { CLAIM_LANES: '4', DATABASE_CONNECTIONS_MAX: '9' });
  const names = namesInEach(databases, 5).flat();
  await Promise.all(names.map((name, i) => app.createCoupon(name, i + 1)));
  await Promise.all(names.map((name) => app.claim(name, `of ${name}`)));
  await Promise.all(
    users(10).map(async () => {
      for (const [i, name] of names.entries()) {
        const { amount, claimed_by } = await app.getCoupon(name);
        if (amount !== i + 1 || claimed_by[0] !== `of ${name}`)
          t.fail(`${name} has ${amount}, ${claimed_by}`);
      }
    }),
  );
  t.same(await auditShards(databases), []);
});

t.test('behind a pooler, settings travel with each transaction, and so does the shard', async (t) => {
  const databases = await createShards(t, { shards: 4, databases: 1 });
  const app = await startShardedApp(t, databases, { DATABASE_POOLER: 'true' });
  const names = namesInEach(databases, 3).flat();
  await Promise.all(names.map((name) => app.createCoupon(name, 5)));
  const answers = await Promise.all(users(8).flatMap((user) => names.map((name) => app.claim(name, user))));
  t.same(countStatuses(answers), { 200: 5 * names.length, 400: 3 * names.length });
  t.same(await auditShards(databases), []);
});

t.test('the audit names a coupon that is in the wrong shard', async (t) => {
  const databases = await createShards(t, { shards: 4, databases: 1 });
  const [[name = ''] = []] = namesInEach(databases, 1);
  await databases.shards.all[1]!.write(
    (sql) => sql`insert into coupons (name, amount, remaining_amount) values (${name}, 1, 1)`,
  );
  t.same(await auditShards(databases), [
    `${name}: the coupon is in the tables, and not in the log`,
    `${name}: the coupon is in the wrong shard`,
  ]);
});
