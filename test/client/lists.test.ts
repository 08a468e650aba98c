import t from 'tap';
import { createClient } from '../../clients/typescript/src/index.js';
import { startApp } from '../support/app.js';
import { checkedFetch } from '../support/checked-fetch.js';
import { coupons, users } from '../support/crowd.js';
import { startFront } from './front.js';

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

t.test('lists come whole, page by page, and survive a page that breaks', async (t) => {
  const app = await startApp(t);
  const names = coupons(5);
  for (const name of names) await app.createCoupon(name, 10);
  for (const user of users(7)) await app.claim('coupon-0', user);
  for (const name of names.slice(1)) await app.claim(name, 'user-0');
  const front = await startFront(t, app.url, (number) => (number % 2 === 0 ? 'cut within' : 'pass'));
  const client = createClient({ baseUrl: front.url, fetch: checkedFetch(t), deadlineMs: 100_000 });

  const listed = await all(client.listCoupons({ pageSize: 2 }));
  t.same(
    listed.map(({ name }) => name),
    names,
  );
  t.equal(
    front.requests.length,
    5,
    '3 pages, of which 1 came at the second attempt, and the next at the third',
  );
  const claims = await all(client.listClaims('coupon-0', { pageSize: 3 }));
  t.same(
    claims.map(({ user_id }) => user_id),
    users(7),
  );
  const held = await all(client.listUserClaims('user-0', { pageSize: 4 }));
  t.same(
    held.map(({ coupon_name }) => coupon_name),
    names,
  );
  t.same(await all(client.listCoupons({ state: 'ended' })), []);
  t.equal((await all(client.listCoupons())).length, 5);
  await t.rejects(all(client.listClaims('NONE')), { code: 'coupon_not_found' });
});

t.test('a list asks for a page only when somebody wants its items', async (t) => {
  const app = await startApp(t);
  for (const name of coupons(5)) await app.createCoupon(name, 10);
  const front = await startFront(t, app.url, () => 'pass');
  const client = createClient({ baseUrl: front.url });
  for await (const { name } of client.listCoupons({ pageSize: 2 })) if (name === 'coupon-2') break;
  // A request that was refused, as on a busy machine, is sent again.
  const asked = new Set(front.requests.map(({ path }) => path));
  t.equal(asked.size, 2);
});
