import type { Sql } from 'postgres';
import t from 'tap';
import { claimStatement } from '../../src/claims/claim-sql.js';
import { claimCoupons, request, setUp } from '../support/claim-batches.js';
import { users } from '../support/crowd.js';

t.test('batches of any size use one prepared statement', async (t) => {
  const { connect, createCoupon } = await setUp(t);
  await createCoupon('A', 1_000);
  const sql = connect();
  for (const size of [1, 2, 3, 50, 7]) {
    await claimCoupons(
      sql,
      Array.from({ length: size }, (_, i) => request('A', `user-${size}-${i}`)),
    );
  }
  const prepared = await sql`select from pg_prepared_statements where statement like 'with requests%'`;
  t.equal(prepared.length, 1);
});

t.test(
  'a claim reads as many rows of a table with 300,000 claims as of an empty one, by the same plan',
  async (t) => {
    const { sql, connect, createCoupon } = await setUp(t);
    // Without an analyze, PostgreSQL keeps the plan that it made for the empty tables.
    await sql`alter table claims set (autovacuum_enabled = off)`;
    await sql`alter table coupons set (autovacuum_enabled = off)`;
    await createCoupon('A', 2_000_000);
    await createCoupon('SHORT', 2_000_000);
    const lane = connect();
    /** Counts the rows that batches of new users and of holders read, per table or index. */
    const readByBatches = async (round: number) => {
      await sql`update coupons set remaining_amount = 10 where name = 'SHORT'`;
      const before = await rowsRead(lane);
      const batch = users(50).map((user) => request('A', `${user}-${round}`));
      t.ok((await claimCoupons(lane, batch)).every((decision) => decision === 'claimed'));
      const again = batch.map(({ userId }) => request('A', userId));
      t.ok((await claimCoupons(lane, again)).every((decision) => decision === 'already_claimed'));
      const tooMany = batch.map(({ userId }) => request('SHORT', userId));
      const claimed = (await claimCoupons(lane, tooMany)).filter((decision) => decision === 'claimed');
      t.equal(claimed.length, 10);
      const after = await rowsRead(lane);
      return Object.fromEntries(
        Object.keys(after).map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)]),
      );
    };
    for (let round = 0; round < 10; round++) await readByBatches(round);
    const small = await readByBatches(10);
    await sql.begin(async (transaction) => {
      // Checking all foreign keys takes long, and proves nothing here.
      await transaction`set local session_replication_role = replica`;
      await transaction`
        insert into claims (coupon_name, user_id)
        select case when i % 2 = 0 then 'A' else 'SHORT' end, 'crowd-' || i
        from generate_series(1, 300000) as i`;
    });
    const large = await readByBatches(11);
    t.same(large, small);
    t.equal(large['claims'], 0, 'the table itself is never scanned');
    t.equal(large['claims_in_order'], 0, 'the order index is never read');
    t.ok((large['claims_pkey'] ?? 0) <= 100, 'the primary key is read once per request');
  },
);

t.test('a plan that was made for one coupon does not read all of 2,000', async (t) => {
  const { sql, connect, createCoupon } = await setUp(t);
  await sql`alter table coupons set (autovacuum_enabled = off)`;
  await createCoupon('coupon-0', 1_000);
  await sql`vacuum analyze coupons`;
  const lane = connect();
  await claimCoupons(lane, [request('coupon-0', 'ada')]);
  await sql`
    insert into coupons (name, amount, remaining_amount)
    select 'coupon-' || i, 1000, 1000 from generate_series(1, 2000) as i`;
  const before = await rowsRead(lane);
  const batch = Array.from({ length: 50 }, (_, i) => request(`coupon-${i}`, 'grace'));
  t.ok((await claimCoupons(lane, batch)).every((decision) => decision === 'claimed'));
  const after = await rowsRead(lane);
  t.equal(after['coupons'], before['coupons'], 'the table is not scanned');
  const read = (after['coupons_pkey'] ?? 0) - (before['coupons_pkey'] ?? 0);
  t.ok(read > 0 && read < 2_000, `${read} entries of its index are read`);
});

t.test('a plan that was made for one coupon compares no coupon of a batch with all others', async (t) => {
  const { sql, connect, createCoupon } = await setUp(t);
  await sql`alter table coupons set (autovacuum_enabled = off)`;
  await createCoupon('coupon-0', 1_000);
  await sql`vacuum analyze coupons`;
  for (const isKeyed of [false, true]) {
    const plan = await connect().begin(async (transaction) => {
      await transaction.unsafe(
        `prepare claim (text[], text[], text[], text[]) as ${claimStatement(isKeyed)}`,
      );
      return transaction.unsafe(`explain (costs off) execute claim ('{}', '{}', '{}', '{}')`);
    });
    t.notMatch(plan.map((row) => row['QUERY PLAN']).join('\n'), /Join Filter/);
  }
});

/** Returns how many rows of tables and entries of indexes were read, as PostgreSQL counts them. */
async function rowsRead(sql: Sql): Promise<Record<string, number>> {
  await sql`select pg_stat_force_next_flush()`;
  const rows = await sql<{ name: string; count: number }[]>`
    select relname as name, seq_tup_read::int as count from pg_stat_user_tables where relname in ('claims', 'coupons')
    union all
    select indexrelname, idx_tup_read::int from pg_stat_user_indexes where relname in ('claims', 'coupons')`;
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
}
