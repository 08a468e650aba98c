import { setImmediate as nextTurn } from 'node:timers/promises';
import pino from 'pino';
import t, { type Test } from 'tap';
import { openLanes } from '../../src/app.js';
import { readConfig } from '../../src/config.js';
import { databaseUrls } from '../../src/database/hosts.js';
import { connectShards } from '../../src/shards/connect.js';
import { divided } from '../support/all-shards.js';
import { users } from '../support/crowd.js';
import { createDatabase } from '../support/database.js';
import { connectedCaller } from '../support/lane.js';
import { lockAwaited, lockCoupon } from '../support/locks.js';
import { patience } from '../support/patience.js';

/** Lanes on a real database, with batches so small that several are under way. */
async function startLanes(t: Test, settings: Record<string, string> = {}) {
  const { sql, url, createCoupon } = await createDatabase(t);
  const few = { CLAIM_LANES: '2', CLAIM_BATCH_SIZE_MAX: '20' };
  const config = readConfig(divided({ ...patience, DATABASE_URL: url, ...few, ...settings }));
  const logger = pino({ level: 'silent' });
  const shards = connectShards(databaseUrls(config), config, logger);
  const lanes = openLanes(shards, config);
  t.teardown(async () => {
    lanes.close();
    await shards.close();
  });
  const holders = async (name: string) => {
    const rows = await sql<{ user_id: string }[]>`
      select user_id from claims where coupon_name = ${name} order by claim_number`;
    return rows.map(({ user_id }) => user_id);
  };
  return { sql, lanes, createCoupon, holders };
}

const arrivals = users(600);

t.test('of 600 users the first 200 get the 200 units, in the order of their claims', async (t) => {
  const { lanes, createCoupon, holders } = await startLanes(t);
  const coupons = ['A', 'B', 'C'];
  for (const coupon of coupons) await createCoupon(coupon, 200);
  const claims = [];
  for (const [i, user] of arrivals.entries()) {
    for (const coupon of coupons) claims.push(lanes.claimCoupon(coupon, user, undefined, connectedCaller));
    if (i % 7 === 0) await nextTurn();
  }
  const outcomes = await Promise.all(claims);
  t.equal(outcomes.filter((outcome) => outcome === 'claimed').length, 600);
  t.equal(outcomes.filter((outcome) => outcome === 'out_of_stock').length, 1_200);
  for (const coupon of coupons) t.same(await holders(coupon), arrivals.slice(0, 200));
});

t.test(
  'holders and repeated claims take no unit: the first 100 new users get the 100 units of the coupon',
  async (t) => {
    const { lanes, createCoupon, holders } = await startLanes(t);
    await createCoupon('A', 100);
    // From the eleventh user on, each claims twice, and the one ten places before claims in between.
    const asking = arrivals.flatMap((user, i) =>
      i >= 10 ? [user, arrivals[i - 10] as string, user] : [user],
    );
    const claims = [];
    for (const [i, user] of asking.entries()) {
      claims.push(lanes.claimCoupon('A', user, undefined, connectedCaller));
      if (i % 40 === 0) await nextTurn();
    }
    const outcomes = await Promise.all(claims);
    t.same(await holders('A'), arrivals.slice(0, 100));
    t.equal(outcomes.filter((outcome) => outcome === 'claimed').length, 100);
    t.same(
      asking.filter((_, i) => outcomes[i] === 'out_of_stock'),
      asking.filter((user) => arrivals.indexOf(user) >= 100),
    );
  },
);

t.test('of 600 users the first 200 get the 200 units, also while connections break', async (t) => {
  const { sql, lanes, createCoupon, holders } = await startLanes(t);
  await createCoupon('A', 200);
  const claims = [];
  let cuts = 0;
  for (const [i, user] of arrivals.entries()) {
    claims.push(lanes.claimCoupon('A', user, undefined, connectedCaller));
    // After the first outcome, there is a connection to cut.
    if (i === 0) await claims[0];
    if (i % 7 === 0) await nextTurn();
    if (i % 100 !== 50) continue;
    const cut = await sql`
      select pg_terminate_backend(pid)
      from pg_stat_activity
      where starts_with(current_database(), datname) and pid <> pg_backend_pid()`;
    cuts += cut.length;
  }
  t.ok(cuts > 0);
  const outcomes = await Promise.all(claims);
  t.same(
    arrivals.filter((_, i) => outcomes[i] === 'claimed' || outcomes[i] === 'replayed'),
    arrivals.slice(0, 200),
  );
  t.same(await holders('A'), arrivals.slice(0, 200));
});

t.test(
  'claims for one coupon fill at most half of CLAIMS_WAITING_MAX, and other lanes get the rest',
  async (t) => {
    const { sql, lanes, createCoupon } = await startLanes(t, { CLAIMS_WAITING_MAX: '10' });
    const others = Array.from({ length: 8 }, (_, i) => `other-${i}`);
    for (const coupon of ['A', ...others]) await createCoupon(coupon, 100);
    const claim = (coupon: string, user: string) =>
      lanes
        .claimCoupon(coupon, user, undefined, connectedCaller)
        .catch((error: Error) => error.constructor.name);
    const release = await lockCoupon(t, sql, 'A');
    const running = claim('A', 'running');
    await lockAwaited(sql);
    const waiting = arrivals.slice(0, 20).map((user) => claim('A', user));
    const elsewhere = await Promise.all(others.map((coupon) => claim(coupon, 'ada')));
    t.same(
      new Set(elsewhere),
      new Set(['Overloaded', 'claimed']),
      'the same lane rejects, the other lane claims',
    );
    await release();
    t.equal(await running, 'claimed');
    const outcomes = await Promise.all(waiting);
    t.equal(outcomes.filter((outcome) => outcome === 'claimed').length, 5);
    t.equal(outcomes.filter((outcome) => outcome === 'Overloaded').length, 15);
  },
);
