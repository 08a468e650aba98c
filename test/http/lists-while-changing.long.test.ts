import t from 'tap';
import { startApp, type TestApp } from '../support/app.js';
import { users } from '../support/crowd.js';
import { type ListedClaim, readPages } from '../support/lists.js';

/** Reading a list to its end neither repeats nor skips an item that is there all the while. */

const COUPONS = 300;
const PAGE = 7;
/** Enough for changes all the while, and few enough for a reader to reach the end. */
const CHANGES_MAX = 150;

/** Names of coupons that are there from the start, and of others that come between them. */
const oldName = (number: number) => `c${String(number % COUPONS).padStart(3, '0')}`;
const newName = (number: number) => `${oldName(number)}-new`;
const oldNames = Array.from({ length: COUPONS }, (_, i) => oldName(i));

const isAscending = (texts: string[]) => texts.every((text, i) => i === 0 || (texts[i - 1] as string) < text);

/** Two servers that share a database with the old coupons. */
async function startTwo(t: Parameters<typeof startApp>[0]): Promise<[TestApp, TestApp]> {
  const app = await startApp(t);
  const rows = oldNames.map((name) => ({ name, amount: 1_000, remaining_amount: 1_000 }));
  await app.sql`insert into coupons ${app.sql(rows)}`;
  return [app, await startApp(t, { beside: app })];
}

/** Reads a list while `change` runs, also between each two pages. Returns its items. */
async function readWhile<T>(
  app: TestApp,
  path: string,
  query: Record<string, string | number>,
  change: (number: number) => Promise<unknown>,
): Promise<T[]> {
  let changes = 0;
  let isOver = false;
  const changeOnce = async () => changes < CHANGES_MAX && change(changes++);
  const changing = (async () => {
    while (!isOver && changes < CHANGES_MAX) await changeOnce();
  })();
  const pages = await readPages<T>(app, path, query, changeOnce);
  isOver = true;
  await changing;
  return pages.flat();
}

t.test('all coupons, while others are created between them and claims are made', async (t) => {
  const [app, other] = await startTwo(t);
  const items = await readWhile<{ name: string }>(app, '/api/coupons', { limit: PAGE }, (number) =>
    Promise.all([
      // From the end towards the start: the reader meets them.
      other.createCoupon(newName(COUPONS - 1 - number), 5),
      ...users(5).map((user) => other.claim(oldName(number * 7), `${user}-${number}`)),
    ]),
  );
  const names = items.map(({ name }) => name);
  t.ok(isAscending(names), 'in order, and none twice');
  t.strictSame(
    names.filter((name) => !name.endsWith('new')),
    oldNames,
  );
  t.ok(names.length > COUPONS, 'the reader met new ones');
});

t.test('open coupons, while others sell out', async (t) => {
  const [app, other] = await startTwo(t);
  await app.sql`update coupons set amount = 1, remaining_amount = 1 where name like '%5'`;
  const items = await readWhile<{ name: string }>(
    app,
    '/api/coupons',
    { limit: PAGE, state: 'open' },
    (number) =>
      Promise.all([
        other.claim(oldName(number * 50 + 15), `user-${number}`),
        other.claim(oldName(COUPONS - 5 - number * 10), `user-${number}`),
      ]),
  );
  const names = items.map(({ name }) => name);
  t.ok(isAscending(names), 'in order, and none twice');
  t.strictSame(
    names.filter((name) => !name.endsWith('5')),
    oldNames.filter((name) => !name.endsWith('5')),
  );
  t.ok(names.length < COUPONS, 'the reader met some that had sold out');
});

t.test('the claims for a coupon, while two servers make more', async (t) => {
  const servers = await startTwo(t);
  const [app] = servers;
  const claim = (number: number) =>
    Promise.all(users(6).map((user, i) => servers[i % 2]!.claim('c000', `${user}-${number}`)));
  for (let number = 1; number < 20; number++) await claim(-number);
  const items = await readWhile<ListedClaim>(app, '/api/coupons/c000/claims', { limit: PAGE }, claim);
  const all = await app.sql<{ user_id: string }[]>`
    select user_id from claims where coupon_name = 'c000' order by claim_number`;
  t.strictSame(
    items.map(({ user_id }) => user_id),
    all.slice(0, items.length).map(({ user_id }) => user_id),
    'exactly the claims up to the last page, in their order',
  );
  t.ok(items.length > 19 * 6, 'the reader met new ones');
});

t.test('the claims of a user, while the user and others claim more', async (t) => {
  const [app, other] = await startTwo(t);
  for (const name of oldNames) await app.claim(name, 'ada');
  const items = await readWhile<ListedClaim>(
    app,
    '/api/users/ada/claims',
    { limit: PAGE },
    async (number) => {
      const name = newName(COUPONS - 1 - number);
      await other.createCoupon(name, 5);
      await Promise.all(['ada', 'grace'].map((user) => other.claim(name, user)));
    },
  );
  const names = items.map(({ coupon_name }) => coupon_name);
  t.ok(isAscending(names), 'in order, and none twice');
  t.strictSame(
    names.filter((name) => !name.endsWith('new')),
    oldNames,
  );
  t.ok(names.length > COUPONS, 'the reader met new ones');
});
