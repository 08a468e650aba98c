import t, { type Test } from 'tap';
import type { Client } from '../support/app.js';
import { awkwardNames } from '../support/names.js';
import { createShards, startShardedApp } from '../support/sharded.js';

/** Reads a list to its end, and checks each page. */
async function readAll<T>(t: Test, app: Client, path: string, limit: number): Promise<T[]> {
  const items: T[] = [];
  for (let cursor = ''; ; ) {
    const answer = await app.request('GET', `${path}limit=${limit}${cursor && `&cursor=${cursor}`}`);
    t.equal(answer.status, 200);
    const page = answer.json<{ items: T[]; next_cursor?: string }>();
    t.ok(page.items.length <= limit);
    items.push(...page.items);
    if (page.next_cursor === undefined) return items;
    cursor = page.next_cursor;
  }
}

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

t.test(
  'lists over shards have each item once, in the order of the names, for any size of page',
  async (t) => {
    const databases = await createShards(t, { shards: 4, databases: 2 });
    const app = await startShardedApp(t, databases);
    const names = [...awkwardNames, ...Array.from({ length: 40 }, (_, i) => `COUPON-${i}`)].sort(byBytes);
    await Promise.all(names.map((name) => app.createCoupon(name, 1)));
    const held = names.filter((_, i) => i % 3 === 0);
    await Promise.all(held.map((name) => app.claim(name, 'ada')));
    for (const limit of [1, 7, 1000]) {
      const coupons = await readAll<{ name: string }>(t, app, '/api/coupons?', limit);
      t.same(
        coupons.map(({ name }) => name),
        names,
      );
      const soldOut = await readAll<{ name: string }>(t, app, '/api/coupons?state=sold_out&', limit);
      t.same(
        soldOut.map(({ name }) => name),
        held,
      );
      const claims = await readAll<{ coupon_name: string }>(t, app, '/api/users/ada/claims?', limit);
      t.same(
        claims.map(({ coupon_name }) => coupon_name),
        held,
      );
    }
  },
);

t.test('a page ends where the statement of one shard stopped, and the next one goes on there', async (t) => {
  const databases = await createShards(t, { shards: 2, databases: 1 });
  const app = await startShardedApp(t, databases);
  // One shard has more coupons than a statement looks at, and the other one has few, behind all of these.
  const [first, second] = databases.shards.all;
  await first!.write(
    (sql) => sql`
      insert into coupons (name, amount, remaining_amount)
      select 'A-' || number, 1, 1 from generate_series(1, 6000) as number`,
  );
  await second!.write((sql) => sql`insert into coupons (name, amount, remaining_amount) values ('B', 1, 0)`);
  const answer = await app.request('GET', '/api/coupons?state=sold_out&limit=10');
  const page = answer.json<{ items: unknown[]; next_cursor?: string }>();
  t.same(page.items, [], 'what comes behind the end is not known yet');
  t.ok(page.next_cursor);
  const all = await readAll<{ name: string }>(t, app, '/api/coupons?state=sold_out&', 10);
  t.same(
    all.map(({ name }) => name),
    ['B'],
  );
});
