import type { Sql } from 'postgres';
import t, { type Test } from 'tap';
import { claimCoupons as decideBatch } from '../../src/claims/claim-statement.js';
import type { ClaimRequest } from '../../src/claims/outcome.js';
import { claimCoupons, decideAll, request, setUp } from '../support/claim-batches.js';
import { coupons } from '../support/crowd.js';
import { lockAwaited, lockCoupon } from '../support/locks.js';

t.test('a batch returns an outcome for each request, in the order of the requests', async (t) => {
  const { connect, createCoupon, stockOf } = await setUp(t);
  await createCoupon('A', 2);
  await createCoupon('B', 1);
  const sql = connect();
  await claimCoupons(sql, [request('B', 'holder', 'k')]);
  t.same(
    await decideAll(sql, [
      request('A', 'ada'),
      request('B', 'grace'),
      request('none', 'ada'),
      request('B', 'holder'),
      request('A', 'grace'),
      request('B', 'holder', 'k'),
      request('A', 'alan'),
    ]),
    ['claimed', 'out_of_stock', 'coupon_not_found', 'already_claimed', 'claimed', 'replayed', 'out_of_stock'],
  );
  t.same(await stockOf('A'), { remaining_amount: 0, made: 2 });
  t.same(await stockOf('B'), { remaining_amount: 0, made: 1 });
});

t.test(
  'two claims of one user in a batch are one claim and one refusal, also for the last unit',
  async (t) => {
    for (const stock of [10, 1]) {
      const { connect, createCoupon, stockOf } = await setUp(t);
      await createCoupon('A', stock);
      const batch = [request('A', 'ada'), request('A', 'ada')];
      t.same(await decideAll(connect(), batch), ['claimed', 'already_claimed']);
      t.same(await stockOf('A'), { remaining_amount: stock - 1, made: 1 });
    }
  },
);

t.test('the same request twice in a batch makes one claim, and both get its outcome', async (t) => {
  const { connect, createCoupon, stockOf } = await setUp(t);
  await createCoupon('A', 10);
  const sql = connect();
  t.same(await claimCoupons(sql, [request('A', 'ada', 'k'), request('A', 'ada', 'k')]), [
    'claimed',
    'replayed',
  ]);
  t.same(await stockOf('A'), { remaining_amount: 9, made: 1 });
});

t.test(
  'holders and repeated claims in a batch take no unit: the last unit goes to the next new user',
  async (t) => {
    const { connect, createCoupon } = await setUp(t);
    await createCoupon('A', 3);
    const sql = connect();
    await claimCoupons(sql, [request('A', 'holder')]);
    const claimants = ['holder', 'ada', 'ada', 'holder', 'grace', 'alan'];
    t.same(
      await claimCoupons(
        sql,
        claimants.map((user) => request('A', user)),
      ),
      ['already_claimed', 'claimed', 'already_claimed', 'already_claimed', 'claimed', undefined],
    );
  },
);

/**
 * Another server claims for ada, and commits only while our statement, for ada and grace, waits
 * for the coupon's row: in our snapshot ada holds nothing. Returns the outcomes of that statement,
 * and the final ones.
 */
async function raceWithAnotherServer(t: Test, stock: number) {
  const { sql, connect, createCoupon, stockOf } = await setUp(t);
  await createCoupon('A', stock);
  const other = await connect().reserve();
  await other`begin`;
  t.same(await claimCoupons(other, [request('A', 'ada')]), ['claimed']);
  const batch = [request('A', 'ada'), request('A', 'grace')];
  const ours = connect();
  const decisions = claimCoupons(ours, batch);
  await lockAwaited(sql);
  await other`commit`;
  other.release();
  return { first: await decisions, last: await decideAll(ours, batch), stock: await stockOf('A') };
}

t.test('a claim that another server commits meanwhile is found, and hides no free unit', async (t) => {
  const { first, last, stock } = await raceWithAnotherServer(t, 2);
  t.same(first, [undefined, undefined], 'ada is undecided, and so is grace behind her');
  t.same(last, ['already_claimed', 'claimed']);
  t.same(stock, { remaining_amount: 0, made: 2 });
});

t.test('a statement says whether another server took units while it waited', async (t) => {
  const { sql, connect, createCoupon } = await setUp(t);
  await createCoupon('A', 10);
  await createCoupon('B', 10);
  const ours = connect();
  t.match(await decideBatch(ours, [request('A', 'ada'), request('B', 'ada')]), { isContended: false });
  const other = await connect().reserve();
  await other`begin`;
  await claimCoupons(other, [request('B', 'grace')]);
  const decided = decideBatch(ours, [request('A', 'alan'), request('B', 'alan')]);
  await lockAwaited(sql);
  await other`commit`;
  other.release();
  t.same(await decided, { outcomes: ['claimed', 'claimed'], isContended: true });
  t.match(await decideBatch(ours, [request('B', 'grace')]), { isContended: false });
});

t.test('units that come back while the statement waits for the lock do not fail it', async (t) => {
  const { sql, connect, createCoupon, stockOf } = await setUp(t);
  await createCoupon('A', 1);
  const other = await connect().reserve();
  await other`begin`;
  await other`update coupons set amount = 3, remaining_amount = 3 where name = 'A'`;
  const batch = ['ada', 'grace', 'alan'].map((user) => request('A', user));
  const ours = connect();
  const decisions = claimCoupons(ours, batch);
  await lockAwaited(sql);
  await other`commit`;
  other.release();
  t.same(await decisions, ['claimed', undefined, undefined], 'our snapshot has one unit');
  t.same(await decideAll(ours, batch.slice(1)), ['claimed', 'claimed']);
  t.same(await stockOf('A'), { remaining_amount: 0, made: 3 });
});

t.test(
  'a user who gets the last unit through another server meanwhile is not told out_of_stock',
  async (t) => {
    const { first, last, stock } = await raceWithAnotherServer(t, 1);
    t.same(first, [undefined, undefined], 'our snapshot has the unit in stock');
    t.same(last, ['already_claimed', 'out_of_stock']);
    t.same(stock, { remaining_amount: 0, made: 1 });
  },
);

t.test('claims for a sold-out coupon take no lock and write nothing', async (t) => {
  const { sql, connect, createCoupon } = await setUp(t);
  await createCoupon('A', 1);
  const ours = await connect().reserve();
  await claimCoupons(ours, [request('A', 'holder')]);
  await lockCoupon(t, sql, 'A');
  await ours`begin`;
  t.same(await claimCoupons(ours, [request('A', 'holder'), request('A', 'ada')]), [
    'already_claimed',
    'out_of_stock',
  ]);
  // PostgreSQL assigns a transaction its id at the first write.
  t.same(await ours`select pg_current_xact_id_if_assigned() as number`, [{ number: null }]);
  await ours`rollback`;
  ours.release();
});

t.test('two servers that claim the same coupons in opposite orders never deadlock', async (t) => {
  const { connect, createCoupon, stockOf } = await setUp(t);
  const names = coupons(20);
  for (const name of names) await createCoupon(name, 1_000);
  const run = async (server: string, order: string[]) => {
    const sql = connect();
    for (let i = 0; i < 50; i++) {
      const decisions = await claimCoupons(
        sql,
        order.map((name) => request(name, `${server}-${i}`)),
      );
      t.ok(decisions.every((decision) => decision === 'claimed'));
    }
  };
  await Promise.all([run('one', names), run('two', [...names].reverse())]);
  t.same(await stockOf('coupon-7'), { remaining_amount: 900, made: 100 });
});

t.test('an outcome that the program does not know throws', async (t) => {
  const sql = { unsafe: async () => [{ decisions: 'cz' }] } as unknown as Sql;
  await t.rejects(claimCoupons(sql, [request('A', 'ada'), request('A', 'grace')]), {
    message: 'the claim statement returned the unknown outcome z',
  });
});

t.test('claims before the start and after the end take no lock and write nothing', async (t) => {
  const { sql, connect, createCoupon } = await setUp(t);
  for (const name of ['EARLY', 'ENDED']) await createCoupon(name, 5);
  await sql`update coupons set starts_at = now() + interval '90 seconds' where name = 'EARLY'`;
  await sql`update coupons set ends_at = now() where name = 'ENDED'`;
  await lockCoupon(t, sql, 'EARLY');
  const { outcomes, xid } = await connect().begin(async (transaction) => {
    const requests = [request('EARLY', 'ada'), request('ENDED', 'ada')];
    const outcomes = await claimCoupons(transaction as unknown as Sql, requests);
    const [row] = await transaction<{ xid: string | null }[]>`select pg_current_xact_id_if_assigned() as xid`;
    return { outcomes, xid: row?.xid };
  });
  t.match(outcomes, [{ code: 'sale_not_started' }, 'sale_ended']);
  t.equal(xid, null, 'nothing was written');
  const [{ startsInSeconds }] = outcomes as unknown as [{ startsInSeconds: number }];
  t.ok(startsInSeconds > 60 && startsInSeconds <= 90);
});

/**
 * Decides `batch` on a coupon of 5 units while `change` is made to it and commits during the wait for its
 * lock.
 */
async function raceWithAChange(t: Test, batch: ClaimRequest[], change: (sql: Sql) => Promise<unknown>) {
  const { sql, connect, createCoupon, stockOf } = await setUp(t);
  await createCoupon('A', 5);
  await claimCoupons(connect(), [request('A', 'holder', 'old')]);
  const other = await connect().reserve();
  await other`begin`;
  await change(other);
  const ours = connect();
  const decisions = claimCoupons(ours, batch);
  await lockAwaited(sql);
  await other`commit`;
  other.release();
  return { first: await decisions, last: await decideAll(ours, batch), stock: await stockOf('A') };
}

t.test('a sale that is closed while the statement waits for the lock makes no claim', async (t) => {
  const { first, last, stock } = await raceWithAChange(
    t,
    [request('A', 'ada')],
    (sql) => sql`update coupons set ends_at = now() - interval '1 second'`,
  );
  t.same(first, [undefined]);
  t.same(last, ['sale_ended']);
  t.same(stock, { remaining_amount: 4, made: 1 });
});

t.test(
  'a claim that is made and released while its retry waits for the lock is not made again',
  async (t) => {
    const { first, last, stock } = await raceWithAChange(t, [request('A', 'grace', 'k')], async (sql) => {
      await claimCoupons(sql, [request('A', 'grace', 'k')]);
      await sql`update coupons set remaining_amount = remaining_amount + 1, releases = releases + 1`;
      await sql`
      with released as (delete from claims where user_id = 'grace' returning *)
      insert into released_claims (coupon_name, user_id, claim_number, idempotency_key, claimed_at)
      select coupon_name, user_id, claim_number, idempotency_key, created_at from released`;
    });
    t.same(first, [undefined]);
    t.same(last, ['claim_released']);
    t.same(stock, { remaining_amount: 4, made: 1 });
  },
);

t.test('a statement logs its claims in one row, in their order, and refusals in none', async (t) => {
  const { sql, connect, createCoupon } = await setUp(t);
  for (const name of ['A', 'B']) await createCoupon(name, 2);
  const ours = connect();
  await claimCoupons(
    ours,
    ['A1', 'B1', 'A2', 'A3'].map(([name, user]) => request(name!, user!)),
  );
  await claimCoupons(ours, [request('A', '4'), request('B', '1')]);
  const claims = await sql`select claim_number from claims order by claim_number`;
  t.match(await sql`select * from events where type = 'claim.made'`, [
    {
      coupon_names: ['A', 'B', 'A'],
      user_ids: ['1', '1', '2'],
      claim_numbers: claims.map(({ claim_number }) => claim_number),
    },
  ]);
});

t.test('a sold-out coupon may be called like a member of every object', async (t) => {
  const { sql, connect, createCoupon } = await setUp(t);
  await sql`insert into coupons values ('constructor', 5, 0)`;
  await createCoupon('ENDED', 5);
  await sql`update coupons set ends_at = now() where name = 'ENDED'`;
  t.same(await claimCoupons(connect(), [request('constructor', 'ada'), request('ENDED', 'ada')]), [
    'out_of_stock',
    'sale_ended',
  ]);
});
