import type { Sql } from 'postgres';
import t, { type Test } from 'tap';
import { deleteEvents } from '../../src/events/retention.js';
import { readDifferences } from '../support/books.js';
import { createDatabase, UNDIVIDED } from '../support/database.js';

/** The audit of a log that has lost its beginning. */

const LONG_AGO = '2020-01-01T00:00:00Z';

/** A coupon of 2020 with these claims and their events. */
async function setUp(t: Test, claims: number[]): Promise<Sql> {
  const { sql } = await createDatabase(t, { shape: UNDIVIDED, connectionsMax: 2 });
  await sql`insert into coupons (name, amount, remaining_amount, created_at) values ('A', 100, ${100 - claims.length}, ${LONG_AGO})`;
  await sql`insert into events (type, coupon_names, data, created_at) values ('coupon.created', '{A}', '{"amount": 100}', ${LONG_AGO})`;
  for (const number of claims) await makeClaim(sql, number);
  return sql;
}

async function makeClaim(
  sql: Sql,
  number: number,
  { data = null as string | null, createdAt = LONG_AGO } = {},
) {
  await sql`
    insert into claims (coupon_name, user_id, claim_number, created_at) values ('A', ${`user-${number}`}, ${number}, ${LONG_AGO})
    on conflict do nothing`;
  await sql`
    insert into events (type, coupon_names, user_ids, claim_numbers, data, created_at)
    values ('claim.made', '{A}', ${[`user-${number}`]}, ${[number]}, ${data}::text::jsonb, ${createdAt})`;
}

async function deleteOldEvents(sql: Sql): Promise<void> {
  while (await deleteEvents(sql, 30, 1_000_000));
}

t.test('a claim that is older than the log may be released after another one was appended', async (t) => {
  const sql = await setUp(t, [1, 2, 3, 7]);
  await makeClaim(sql, 5, { data: '{"appended": true}', createdAt: new Date().toISOString() });
  await sql`update coupons set remaining_amount = 95 where name = 'A'`;
  await deleteOldEvents(sql);
  t.strictSame(await readDifferences(sql), []);
  await sql`delete from claims where claim_number = 7`;
  await sql`update coupons set remaining_amount = 96, releases = 1 where name = 'A'`;
  await sql`
    insert into released_claims (coupon_name, user_id, claim_number, claimed_at) values ('A', 'user-7', 7, ${LONG_AGO})`;
  await sql`insert into events (type, coupon_names, user_ids, claim_numbers) values ('claim.released', '{A}', '{user-7}', '{7}')`;
  t.strictSame(await readDifferences(sql), []);
});

t.test('a coupon whose deletion is in the log is no old coupon', async (t) => {
  const sql = await setUp(t, []);
  await deleteOldEvents(sql);
  await sql`insert into events (type, coupon_names) values ('coupon.deleted', '{A}')`;
  t.strictSame(await readDifferences(sql), ['A: the coupon is in the tables, and not in the log']);
});

t.test('a coupon is old if its event may be among those that were deleted, whatever is left', async (t) => {
  const sql = await setUp(t, []);
  await sql`
    insert into coupons (name, amount, remaining_amount, created_at) values ('B', 5, 5, '2021-01-01')`;
  await sql`
    insert into events (type, coupon_names, data, created_at) values ('coupon.created', '{B}', '{"amount": 5}', '2021-01-01')`;
  await deleteOldEvents(sql);
  // The first event that is left is older than the last one that was deleted.
  await sql`update coupons set remaining_amount = 99 where name = 'A'`;
  await makeClaim(sql, 1);
  t.strictSame(await readDifferences(sql), []);
});
