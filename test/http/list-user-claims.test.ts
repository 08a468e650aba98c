import t from 'tap';
import { skipIfDivided } from '../support/all-shards.js';
import { problemIn, startApp } from '../support/app.js';
import { type ListedClaim, readPage, readPages } from '../support/lists.js';
import { awkwardNames, longestName } from '../support/names.js';

const listOf = (user: string) => `/api/users/${encodeURIComponent(user)}/claims`;
const couponsOf = (claims: ListedClaim[]) => claims.map(({ coupon_name }) => coupon_name);
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

t.test('200: the list has the claims of the user, in the order of the coupons', async (t) => {
  const app = await startApp(t);
  for (const name of ['b', 'B', 'a', 'c']) await app.createCoupon(name, 5);
  for (const name of ['b', 'a', 'B']) await app.claim(name, 'ada');
  for (const name of ['c', 'b']) await app.claim(name, 'grace');
  const { items, ...rest } = await readPage<ListedClaim>(app, listOf('ada'), {});
  t.strictSame(rest, {});
  t.strictSame(couponsOf(items), ['B', 'a', 'b']);
  for (const item of items) {
    const claim = (await app.request('GET', `/api/coupons/${item.coupon_name}/claims/ada`)).json();
    t.strictSame(item, { user_id: 'ada', coupon_name: item.coupon_name, claimed_at: claim['claimed_at'] });
  }
  t.strictSame(couponsOf((await readPage<ListedClaim>(app, listOf('grace'), {})).items), ['b', 'c']);
});

t.test('200: a user without claims has an empty list', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('a', 5);
  t.strictSame((await app.request('GET', listOf('nobody'))).json(), { items: [] });
});

t.test('200: names of any kind are listed once, whatever the size of a page', async (t) => {
  const app = await startApp(t);
  const names = [...awkwardNames, longestName].sort(byBytes);
  for (const name of names) await app.createCoupon(name, 5);
  for (const user of ['a/ü?', longestName, '.'.repeat(3)]) {
    for (const name of names) await app.claim(name, user);
    for (const limit of [1, 7, names.length]) {
      const pages = await readPages<ListedClaim>(app, listOf(user), { limit });
      t.strictSame(couponsOf(pages.flat()), names);
    }
  }
});

t.test(
  '200: a page may be short, or empty, and its cursor leads to the other claims',
  { skip: skipIfDivided },
  async (t) => {
    const app = await startApp(t);
    await app.sql`
    insert into coupons (name, amount, remaining_amount)
    select 'a' || lpad(number::text, 5, '0'), 1, 1 from generate_series(1, 10001) as number`;
    for (const name of ['a00007', 'a10001']) await app.claim(name, 'ada');
    const pages = await readPages<ListedClaim>(app, listOf('ada'), {});
    t.strictSame(pages.map(couponsOf), [['a00007'], [], ['a10001']]);
  },
);

t.test('400: an id that breaks the rules gets a sentence', async (t) => {
  const app = await startApp(t);
  for (const [id, sentence] of [
    ['x'.repeat(256), 'user_id must be at most 255 characters long'],
    ['%20', 'user_id must have a character other than white space, and no U+0000'],
    ['a%00', 'user_id must have a character other than white space, and no U+0000'],
  ]) {
    const answer = await app.request('GET', `/api/users/${id}/claims`);
    t.equal(answer.status, 400);
    t.equal(problemIn(answer).error, `invalid request: ${sentence}`);
  }
});
