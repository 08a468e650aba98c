import t from 'tap';
import { skipIfDivided } from '../support/all-shards.js';
import { problemIn, startApp } from '../support/app.js';
import { coupons } from '../support/crowd.js';
import { readPage, readPages } from '../support/lists.js';
import { awkwardNames, longestName } from '../support/names.js';

interface Coupon {
  name: string;
  amount: number;
  remaining_amount: number;
  state: string;
}

const LIST = '/api/coupons';
const namesOf = (items: Coupon[]) => items.map(({ name }) => name);
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

t.test('200: the list has the coupons in the order of their names, and no holders', async (t) => {
  const app = await startApp(t);
  for (const name of ['b', 'B', 'a']) await app.createCoupon(name, 5);
  await app.claim('a', 'ada');
  await app.sql`update coupons set starts_at = '2020-01-01T00:00:00Z', ends_at = '2020-01-02T00:00:00Z' where name = 'b'`;
  const answer = await app.request('GET', LIST);
  t.equal(answer.status, 200);
  t.strictSame(answer.json(), {
    items: [
      { name: 'B', amount: 5, remaining_amount: 5, state: 'open' },
      { name: 'a', amount: 5, remaining_amount: 4, state: 'open' },
      {
        name: 'b',
        amount: 5,
        remaining_amount: 5,
        state: 'ended',
        starts_at: '2020-01-01T00:00:00.000Z',
        ends_at: '2020-01-02T00:00:00.000Z',
      },
    ],
  });
});

t.test('200: without coupons, the list is empty', async (t) => {
  const app = await startApp(t);
  t.strictSame((await app.request('GET', LIST)).json(), { items: [] });
});

t.test('200: a page has 100 coupons, or as many as `limit` says', async (t) => {
  const app = await startApp(t);
  const names = coupons(1_001).sort(byBytes);
  await app.sql`insert into coupons ${app.sql(names.map((name) => ({ name, amount: 1, remaining_amount: 1 })))}`;
  t.strictSame(namesOf((await readPage<Coupon>(app, LIST, {})).items), names.slice(0, 100));
  for (const limit of [1, 1_000]) {
    t.strictSame(namesOf((await readPage<Coupon>(app, LIST, { limit })).items), names.slice(0, limit));
  }
  for (const limit of [100, 143, 1_000]) {
    const pages = await readPages<Coupon>(app, LIST, { limit });
    t.strictSame(
      pages.flat().map(({ name }) => name),
      names,
    );
    t.equal(pages.length, Math.ceil(1_001 / limit), 'only the last page is not full');
  }
});

t.test('200: names of any kind are listed once, whatever the size of a page', async (t) => {
  const app = await startApp(t);
  const names = [...awkwardNames, longestName, '\u0001'.repeat(255)].sort(byBytes);
  for (const name of names) await app.createCoupon(name, 5);
  for (const limit of [1, 7, names.length - 1, names.length]) {
    t.strictSame(namesOf((await readPages<Coupon>(app, LIST, { limit })).flat()), names);
  }
});

t.test('200: `state` lists the coupons in that state, by the clock of the database', async (t) => {
  const app = await startApp(t);
  for (const name of ['early', 'ended', 'open', 'sold_out']) await app.createCoupon(name, 1);
  await app.claim('sold_out', 'ada');
  await app.claim('ended', 'ada');
  await app.sql`update coupons set starts_at = now() + interval '1 hour' where name = 'early'`;
  await app.sql`update coupons set ends_at = now() where name = 'ended'`;
  const listed = async (state: string) => namesOf((await readPage<Coupon>(app, LIST, { state })).items);
  t.strictSame(await listed('scheduled'), ['early']);
  t.strictSame(await listed('ended'), ['ended'], 'also if it is sold out');
  t.strictSame(await listed('open'), ['open']);
  t.strictSame(await listed('sold_out'), ['sold_out']);
});

t.test(
  '200: a page with `state` may be short, or empty, and its cursor leads to the others',
  { skip: skipIfDivided },
  async (t) => {
    const app = await startApp(t);
    // Two pages of 5,000 examined coupons without any that is wanted, then two that are.
    await app.sql`
    insert into coupons (name, amount, remaining_amount)
    select 'a' || lpad(number::text, 5, '0'), 1, 1 from generate_series(1, 10000) as number`;
    await app.sql`insert into coupons values ('a00001x', 1, 0), ('b', 1, 0), ('c', 1, 0), ('d', 1, 1)`;
    const pages = await readPages<Coupon>(app, LIST, { state: 'sold_out' });
    t.strictSame(pages.map(namesOf), [['a00001x'], [], ['b', 'c']]);
    const small = await readPages<Coupon>(app, LIST, { state: 'sold_out', limit: 1 });
    t.strictSame(small.map(namesOf), [['a00001x'], [], ['b'], ['c']]);
    const others = await readPages<Coupon>(app, LIST, { state: 'open', limit: 1_000 });
    t.equal(others.flat().length, 10_001);
  },
);

t.test('400: a parameter breaks the contract', async (t) => {
  const app = await startApp(t);
  for (const [query, sentence] of [
    ['limit=0', 'limit must be at least 1'],
    ['limit=1001', 'limit must be at most 1000'],
    ['limit=all', 'limit must be an integer'],
    ['state=closed', 'state must be one of scheduled, open, sold_out, ended'],
    ['name=a', '"name" is not a known query parameter'],
  ] as const) {
    const answer = await app.request('GET', `${LIST}?${query}`);
    t.equal(answer.status, 400);
    t.equal(problemIn(answer).error, `invalid request: ${sentence}`);
  }
});
