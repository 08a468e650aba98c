import t from 'tap';
import { type Account, differencesIn, readAccounts } from '../../db/books/accounts.js';
import { createDatabase, UNDIVIDED } from '../support/database.js';

const balanced: Account = { name: 'A', amount: 5, remaining: 3, claims: 2, users: 2, places: 2 };

t.test('an account that balances has no differences', async (t) => {
  t.same(differencesIn(balanced), []);
});

const broken: [string, Partial<Account>, string][] = [
  ['a unit is missing', { remaining: 2 }, 'A: 3 units are taken, 2 claims exist'],
  ['a coupon is oversold', { remaining: -1, claims: 6, users: 6, places: 6 }, 'A: -1 of 5 units remain'],
  [
    'there is a unit too many',
    { amount: 1, remaining: 2, claims: -1, users: -1, places: -1 },
    'A: 2 of 1 units remain',
  ],
  ['a user holds two claims', { users: 1 }, 'A: 1 users hold 2 claims'],
  ['two claims share a place', { places: 1 }, 'A: 2 claims have 1 places in the order'],
];
for (const [title, change, sentence] of broken) {
  t.test(`${title}: the difference is reported`, async (t) => {
    t.same(differencesIn({ ...balanced, ...change }), [sentence]);
  });
}

t.test('the accounts match the tables, and show claims without a coupon', async (t) => {
  const { sql } = await createDatabase(t, { shape: UNDIVIDED });
  await sql`insert into coupons (name, amount, remaining_amount) values ('A', 5, 3), ('B', 1, 1), ('C', 1, 0)`;
  await sql`insert into claims (user_id, coupon_name) values ('ada', 'A'), ('grace', 'A')`;
  await sql`alter table claims drop constraint claims_coupon_name_fkey`;
  await sql`insert into claims (user_id, coupon_name) values ('alan', 'LOST')`;
  const accounts = await readAccounts(sql);
  t.same(accounts, [
    balanced,
    { name: 'B', amount: 1, remaining: 1, claims: 0, users: 0, places: 0 },
    { name: 'C', amount: 1, remaining: 0, claims: 0, users: 0, places: 0 },
    { name: 'LOST', amount: 0, remaining: 0, claims: 1, users: 1, places: 1 },
  ]);
  t.same(accounts.flatMap(differencesIn), [
    'C: 1 units are taken, 0 claims exist',
    'LOST: 1 claims exist, and no coupon',
  ]);
  t.same(await readAccounts(sql, 'A'), [balanced]);
});
