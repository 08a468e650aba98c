import type { Sql } from 'postgres';
import t, { type Test } from 'tap';
import { startApp, type TestApp } from '../support/app.js';
import { readDifferences } from '../support/books.js';
import { UNDIVIDED } from '../support/database.js';

/**
 * Creates a coupon with 5 units: ada and grace hold one each, and alan has released his. Then it plants a
 * mistake. What the audit names, but for the name of the coupon, are the sentences.
 */
type Plant = (sql: Sql, coupon: string) => Promise<unknown>;

const plants: Record<string, [Plant, ...string[]]> = {
  'no mistake': [async () => {}],
  'a unit is missing': [
    (sql, name) => sql`update coupons set remaining_amount = 2 where name = ${name}`,
    '3 units are taken, 2 claims exist',
  ],
  'a unit is left too many': [
    (sql, name) => sql`update coupons set remaining_amount = 6 where name = ${name}`,
    '-1 units are taken, 2 claims exist',
    '6 of 5 units remain',
  ],
  'the stock is negative': [
    (sql, name) => sql`update coupons set remaining_amount = -1 where name = ${name}`,
    '6 units are taken, 2 claims exist',
    '-1 of 5 units remain',
  ],
  'a user holds two claims': [
    (sql, name) => makeClaim(sql, name, 'ada'),
    '2 users hold 3 claims',
    'claim N of ada is in the tables, and not in the log',
  ],
  'two claims have one number': [
    (sql, name) => sql`
      with claim as (
        insert into claims (coupon_name, user_id, claim_number)
        select coupon_name, 'eve', claim_number from claims where coupon_name = ${name} and user_id = 'ada'
      )
      update coupons set remaining_amount = 2 where name = ${name}`,
    '3 claims have 2 places in the order',
    'claim N of eve is in the tables, and not in the log',
  ],
  'claims without a coupon': [
    (sql, name) => sql`delete from coupons where name = ${name}`,
    '2 claims exist, and no coupon',
    'the coupon is in the log, and not in the tables',
    'the coupon counts 0 releases, and the log has 1',
  ],
  'a claim by hand': [
    (sql, name) => makeClaim(sql, name, 'eve'),
    'claim N of eve is in the tables, and not in the log',
  ],
  'a claim that is deleted by hand': [
    (sql, name) => sql`
      with claim as (delete from claims where coupon_name = ${name} and user_id = 'ada')
      update coupons set remaining_amount = 4 where name = ${name}`,
    'claim N of ada is in the log, and not in the tables',
  ],
  'a claim that changes its user': [
    (sql, name) => sql`update claims set user_id = 'eve' where coupon_name = ${name} and user_id = 'ada'`,
    'claim N of ada is in the log, and not in the tables',
    'claim N of eve is in the tables, and not in the log',
  ],
  'a release that is forgotten': [
    (sql, name) => sql`delete from released_claims where coupon_name = ${name}`,
    'claim N of alan is in the log, and not in the tables',
    'the release of claim N of alan is in the log, and not in the tables',
  ],
  'a release by hand': [
    (sql, name) => sql`
      with claim as (delete from claims where coupon_name = ${name} and user_id = 'ada' returning *),
      coupon as (update coupons set remaining_amount = 4, releases = 2 where name = ${name})
      insert into released_claims (coupon_name, user_id, claim_number, claimed_at)
      select coupon_name, user_id, claim_number, created_at from claim`,
    'the coupon counts 2 releases, and the log has 1',
    'the release of claim N of ada is in the tables, and not in the log',
  ],
  'releases that are counted wrong': [
    (sql, name) => sql`update coupons set releases = 5 where name = ${name}`,
    'the coupon counts 5 releases, and the log has 1',
  ],
  'an amount by hand': [
    (sql, name) => sql`update coupons set amount = 6, remaining_amount = 4 where name = ${name}`,
    'the coupon has another amount or window than in the log',
  ],
  'a window by hand': [
    (sql, name) => sql`update coupons set ends_at = now() where name = ${name}`,
    'the coupon has another amount or window than in the log',
  ],
  'a coupon by hand': [
    (sql, name) => sql`insert into coupons values (${`${name}!`}, 1, 1)`,
    '!: the coupon is in the tables, and not in the log',
  ],
  'a coupon that is deleted by hand': [
    (sql, name) => sql`
      insert into events (type, coupon_names, data)
      values ('coupon.created', array[${`${name}!`}], '{"amount": 1}')`,
    '!: the coupon is in the log, and not in the tables',
  ],
  'a deletion in the log': [
    (sql, name) => sql`insert into events (type, coupon_names) values ('coupon.deleted', array[${name}])`,
    'the coupon is in the tables, and not in the log',
  ],
  'an event that is there twice': [
    (sql, name) => sql`
      insert into events (type, coupon_names, user_ids, claim_numbers)
      select type, coupon_names, user_ids, claim_numbers from events
      where coupon_names = array[${name}] and user_ids = '{ada}'`,
    '1 events are out of order in the log, the lowest is of claim N',
    'claim N of ada is 1 times in the tables, and 2 times in the log',
  ],
  'a claim that comes late in the log': [
    (sql, name) => sql`
      update events set id = default where coupon_names = array[${name}] and user_ids = '{ada}'`,
    '1 events are out of order in the log, the lowest is of claim N',
  ],
  'a release that comes before its claim': [
    (sql, name) => sql`
      update events set id = default
      where coupon_names = array[${name}] and user_ids = '{alan}' and type = 'claim.made'`,
    '1 events are out of order in the log, the lowest is of claim N',
  ],
};

function makeClaim(sql: Sql, name: string, user: string) {
  return sql`
    with claim as (insert into claims (coupon_name, user_id) values (${name}, ${user}))
    update coupons set remaining_amount = remaining_amount - 1 where name = ${name}`;
}

/** What would refuse most of the mistakes. */
async function dropConstraints(sql: Sql) {
  await sql`
    alter table claims drop constraint claims_coupon_name_fkey, drop constraint claims_pkey`;
  await sql`alter table coupons drop constraint coupons_remaining_amount_in_stock`;
}

async function fill(app: TestApp, name: string) {
  await app.createCoupon(name, 5);
  for (const user of ['ada', 'grace', 'alan']) await app.claim(name, user);
  await app.request('DELETE', `/api/coupons/${encodeURIComponent(name)}/claims/alan`);
}

async function assertNamed(t: Test, sql: Sql) {
  const found = (await readDifferences(sql)).map((sentence) => sentence.replace(/claim \d+/, 'claim N'));
  const expected = Object.entries(plants).flatMap(([name, [, ...sentences]]) =>
    sentences.map((sentence) => name + (sentence.startsWith('!') ? '' : ': ') + sentence),
  );
  t.strictSame(found.sort(), expected.sort());
}

t.test('every kind of difference is named, and nothing else', async (t) => {
  const app = await startApp(t, { shape: UNDIVIDED });
  for (const name of Object.keys(plants)) await fill(app, name);
  t.strictSame(await readDifferences(app.sql), []);
  await dropConstraints(app.sql);
  for (const [name, [plant]] of Object.entries(plants)) await plant(app.sql, name);
  await assertNamed(t, app.sql);

  // Their names are not listed any more.
  await app.sql`
    insert into events (type, coupon_names, user_ids, claim_numbers)
    select 'claim.made', array['gone-' || i], array['eve'], array[i] from generate_series(1, 1500) as i`;
  const all = await readDifferences(app.sql);
  t.equal(
    all.filter((sentence) => /^gone-\d+: claim \d+ of eve is in the log, and not/.test(sentence)).length,
    1500,
  );
  await app.sql`delete from events where coupon_names[1] like 'gone-%'`;
  await assertNamed(t, app.sql);
});
