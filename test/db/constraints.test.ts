import postgres, { type Sql } from 'postgres';
import t, { type Test } from 'tap';
import { createDatabase, UNDIVIDED } from '../support/database.js';

/** What the tables alone refuse and accept, without any code of the service. */

/** Asserts that this constraint refuses the statement. */
async function refuses(t: Test, constraint: string, statement: Promise<unknown>): Promise<void> {
  const error = await statement.then(
    () => undefined,
    (error) => error,
  );
  t.type(error, postgres.PostgresError);
  t.equal(error?.constraint_name, constraint);
}

async function createTables(t: Test): Promise<Sql> {
  const { sql } = await createDatabase(t, { shape: UNDIVIDED });
  await sql`insert into coupons (name, amount, remaining_amount) values ('SALE', 5, 2)`;
  await sql`insert into claims (user_id, coupon_name) values ('ada', 'SALE')`;
  return sql;
}

t.test('rows that are written by hand need no more than the columns of the design', async (t) => {
  const sql = await createTables(t);
  t.strictSame(
    [...(await sql`select name, amount, remaining_amount from coupons`)],
    [{ name: 'SALE', amount: 5, remaining_amount: 2 }],
  );
  t.strictSame(
    [...(await sql`select coupon_name, user_id from claims`)],
    [{ coupon_name: 'SALE', user_id: 'ada' }],
  );
  t.equal(
    (await sql`select from coupons, claims where coupons.created_at <= now() and claims.created_at <= now()`)
      .count,
    1,
  );
});

t.test('a stock below zero or above the amount is refused', async (t) => {
  const sql = await createTables(t);
  const constraint = 'coupons_remaining_amount_in_stock';
  await refuses(t, constraint, sql`update coupons set remaining_amount = remaining_amount - 3`);
  await refuses(t, constraint, sql`update coupons set remaining_amount = 6`);
  await refuses(t, constraint, sql`update coupons set amount = 1`);
  await refuses(t, constraint, sql`insert into coupons (name, amount, remaining_amount) values ('A', 1, -1)`);
  await refuses(t, constraint, sql`insert into coupons (name, amount, remaining_amount) values ('A', 1, 2)`);
  await sql`update coupons set remaining_amount = 0`;
  await sql`update coupons set remaining_amount = amount`;
});

t.test('an amount of 0 or less is refused', async (t) => {
  const sql = await createTables(t);
  for (const amount of [0, -1])
    await refuses(
      t,
      'coupons_amount_positive',
      sql`insert into coupons (name, amount, remaining_amount) values ('A', ${amount}, ${amount})`,
    );
});

t.test('a second coupon of a name is refused', async (t) => {
  const sql = await createTables(t);
  await refuses(
    t,
    'coupons_pkey',
    sql`insert into coupons (name, amount, remaining_amount) values ('SALE', 1, 1)`,
  );
});

t.test('a second claim of a user for a coupon is refused', async (t) => {
  const sql = await createTables(t);
  await refuses(t, 'claims_pkey', sql`insert into claims (user_id, coupon_name) values ('ada', 'SALE')`);
  await sql`insert into coupons (name, amount, remaining_amount) values ('OTHER', 1, 0)`;
  await sql`insert into claims (user_id, coupon_name) values ('ada', 'OTHER'), ('Ada', 'SALE')`;
});

t.test(
  'a claim without a coupon is refused, and so is the removal of a coupon that has claims',
  async (t) => {
    const sql = await createTables(t);
    const constraint = 'claims_coupon_name_fkey';
    await refuses(t, constraint, sql`insert into claims (user_id, coupon_name) values ('ada', 'sale')`);
    await refuses(t, constraint, sql`delete from coupons`);
    await refuses(t, constraint, sql`update coupons set name = 'SOLD'`);
  },
);

t.test('blank names and user ids are refused', async (t) => {
  const sql = await createTables(t);
  for (const blank of ['', ' ', '   ']) {
    await refuses(
      t,
      'coupons_name_not_blank',
      sql`insert into coupons (name, amount, remaining_amount) values (${blank}, 1, 1)`,
    );
    await refuses(
      t,
      'claims_user_id_not_blank',
      sql`insert into claims (user_id, coupon_name) values (${blank}, 'SALE')`,
    );
  }
});

t.test('a name of 256 characters is refused, and one of 255 emoji is accepted', async (t) => {
  const sql = await createTables(t);
  const insert = (name: string) =>
    sql`insert into coupons (name, amount, remaining_amount) values (${name}, 1, 1)`;
  await insert('🎟'.repeat(255));
  await t.rejects(insert('x'.repeat(256)), { code: '22001' });
});

t.test('a column with a rule cannot be null', async (t) => {
  const sql = await createTables(t);
  for (const column of ['name', 'amount', 'remaining_amount'])
    await t.rejects(sql`update coupons set ${sql(column)} = null`, { code: '23502' });
  for (const column of ['coupon_name', 'user_id'])
    await t.rejects(sql`update claims set ${sql(column)} = null`, { code: '23502' });
});

/** The indexes that a statement uses when it is planned with the settings of the service. */
async function indexesOf(sql: Sql, statement: string): Promise<string> {
  return sql.begin(async (sql) => {
    await sql`set local enable_seqscan = off`;
    const rows = await sql.unsafe(`explain (format json) ${statement}`);
    const plan = JSON.stringify(rows);
    return [...plan.matchAll(/"Index Name":"([^"]*)"/g)].map(([, name]) => name).join();
  });
}

const PROBE = "select from claims where coupon_name = 'SALE' and user_id = 'user-7'";
const LIST = 'select user_id from claims where coupon_name collate "POSIX" = \'SALE\' order by claim_number';

t.test(
  'the planner uses the primary key to look a claim up, and the order index to list claims',
  async (t) => {
    const { sql } = await createDatabase(t, { shape: UNDIVIDED });
    const check = async (when: string) => {
      t.equal(await indexesOf(sql, PROBE), 'claims_pkey', `${when}: look a claim up`);
      t.equal(await indexesOf(sql, LIST), 'claims_in_order', `${when}: list claims`);
    };
    await check('empty tables');
    await sql`analyze`;
    await check('empty tables, analyzed');
    await sql`insert into coupons (name, amount, remaining_amount) values ('SALE', 100000, 50000)`;
    await sql`
    insert into claims (user_id, coupon_name) select 'user-' || number, 'SALE' from generate_series(1, 50000) as number`;
    await check('50,000 claims');
    await sql`analyze`;
    await check('50,000 claims, analyzed');
  },
);

t.test('claims are numbered in the order in which they were made', async (t) => {
  const sql = await createTables(t);
  for (const user of ['zoe', 'mia', 'bob'])
    await sql`insert into claims (user_id, coupon_name) values (${user}, 'SALE')`;
  const rows = await sql<{ user_id: string }[]>`select user_id from claims order by claim_number`;
  t.strictSame(
    rows.map((row) => row.user_id),
    ['ada', 'zoe', 'mia', 'bob'],
  );
});

t.test('the bounds of a sale are times', async (t) => {
  const { sql } = await createDatabase(t, { shape: UNDIVIDED });
  for (const column of ['starts_at', 'ends_at']) {
    for (const value of ['infinity', '-infinity']) {
      await t.rejects(
        sql.unsafe(
          `insert into coupons (name, amount, remaining_amount, ${column}) values ('A', 5, 5, '${value}')`,
        ),
        /coupons_window_finite/,
      );
    }
  }
});

t.test(
  'ANALYZE keeps no statistics of the arrays in the log: it would read all of them, for seconds',
  async (t) => {
    const { sql } = await createDatabase(t, { shape: UNDIVIDED });
    await sql`
    insert into events (type, coupon_names, user_ids, claim_numbers, data)
    select 'claim.made', array['A'], array['user-' || number], array[number], '{}' from generate_series(1, 10) as number`;
    await sql`analyze events`;
    const columns = await sql`select attname from pg_stats where tablename = 'events' order by attname`;
    t.same(
      columns.map(({ attname }) => attname),
      ['created_at', 'id', 'type'],
    );
  },
);
