import t, { type Test } from 'tap';
import type { Database } from '../../src/database/database.js';
import { startApp } from '../support/app.js';
import { readPage } from '../support/lists.js';

/** The most coupons that one page looks at. */
const EXAMINED = 5_000;
/** The service asks every second whether there are coupons, which reads one. */
const HEALTH_CHECKS_MAX = 10;

/** How many rows of tables and entries of indexes were read, and how often an index was searched. */
type Reads = Record<string, number>;

interface Case {
  path: string;
  query: Record<string, string | number>;
  /** Of a cursor, which leads into the middle of the list. */
  middle?: [list: string, position: string];
  /** What a page may read. What is missing here must not be read at all. */
  most: Reads;
}

const cases: Case[] = [
  {
    path: '/api/coupons/m',
    query: { claimed_by: 'false' },
    most: { 'coupons_pkey read': 1, 'coupons_pkey searches': 1 },
  },
  {
    path: '/api/coupons',
    query: { limit: 100 },
    middle: ['coupons', '8'],
    most: { 'coupons_pkey read': 101, 'coupons_pkey searches': 1 },
  },
  {
    path: '/api/coupons',
    query: { limit: 100, state: 'ended' },
    middle: ['coupons', '8'],
    most: { 'coupons_pkey read': EXAMINED, 'coupons_pkey searches': 1 },
  },
  {
    path: '/api/coupons/m/claims',
    query: { limit: 100 },
    middle: ['claims of coupon m', '50000'],
    most: {
      'coupons_pkey read': 1,
      'coupons_pkey searches': 1,
      'claims_in_order read': 101,
      'claims_in_order searches': 1,
    },
  },
  {
    path: '/api/users/ada/claims',
    query: { limit: 100 },
    middle: ['claims of user ada', '8'],
    most: {
      'coupons_pkey read': EXAMINED,
      'coupons_pkey searches': 1,
      // A claim that is found is read once more, for the answer.
      'claims_pkey read': 2 * 3,
      'claims_pkey searches': EXAMINED + 3,
    },
  },
];

t.test('a page reads a bounded number of rows among 1,000,000 coupons and 200,000 claims', async (t) => {
  let database: Database | undefined;
  const app = await startApp(t, {
    // One connection for all reads: PostgreSQL writes down what a connection reads when it is asked there.
    settings: { CLAIM_LANES: '1', DATABASE_CONNECTIONS_MAX: '6' },
    inspect: (app) => (database = app.shards.all[0]),
  });
  const check = async (title: string) => {
    // A prepared statement may get a plan for any parameters at its sixth run.
    for (let run = 0; run < 6; run++) {
      for (const { path, query, middle, most } of cases) {
        const cursor = middle && Buffer.from(JSON.stringify([1, ...middle])).toString('base64url');
        for (const start of cursor ? [{}, { cursor }] : [{}]) {
          const reads = await readsOf(database!, () => readPage(app, path, { ...query, ...start }));
          assertAtMost(t, reads, most, `${title}: ${path} ${JSON.stringify({ ...query, ...start })}`);
        }
      }
    }
    t.pass(title);
  };
  await app.sql`alter table claims set (autovacuum_enabled = off)`;
  await app.sql`alter table coupons set (autovacuum_enabled = off)`;
  await app.createCoupon('m', 1_000_000);
  await check('with small tables');
  await app.sql`
    insert into coupons (name, amount, remaining_amount)
    select md5(number::text), 1, 1 from generate_series(1, 1000000) as number`;
  // Checking foreign keys takes long, and proves nothing here.
  await app.sql`alter table claims drop constraint claims_coupon_name_fkey`;
  await app.sql`
    insert into claims (coupon_name, user_id)
    select 'm', 'user-' || number from generate_series(1, 100000) as number
    union all
    select md5(number::text), 'other' from generate_series(1, 100000) as number
    union all
    select name, 'ada' from (values ('m'), (md5('1')), (md5('500000'))) as coupon (name)`;
  await check('with large tables, by the plans for small ones');
  await app.sql`analyze`;
  await check('with large tables, by the plans for these');
});

async function readsOf(database: Database, read: () => Promise<unknown>): Promise<Reads> {
  const before = await countReads(database);
  await read();
  const after = await countReads(database);
  return Object.fromEntries(
    Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)]),
  );
}

async function countReads(database: Database): Promise<Reads> {
  await database.read((sql) => sql`select pg_stat_force_next_flush()`);
  const rows = await database.read(
    (sql) => sql<{ name: string; count: number }[]>`
      select relname || ' read' as name, seq_tup_read::int as count
      from pg_stat_user_tables where relname in ('claims', 'coupons')
      union all
      select indexrelname || ' read', idx_tup_read::int
      from pg_stat_user_indexes where relname in ('claims', 'coupons')
      union all
      select indexrelname || ' searches', idx_scan::int
      from pg_stat_user_indexes where relname in ('claims', 'coupons')`,
  );
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
}

function assertAtMost(t: Test, reads: Reads, most: Reads, title: string): void {
  const tooMany = Object.entries(reads).filter(([name, count]) => {
    const slack = name.startsWith('coupons_pkey') ? HEALTH_CHECKS_MAX : 0;
    return count > (most[name] ?? 0) + slack;
  });
  if (tooMany.length > 0) t.fail(title, { tooMany, most });
  if (reads['coupons_pkey read'] === 0) t.fail(`${title}: nothing was counted`);
}
