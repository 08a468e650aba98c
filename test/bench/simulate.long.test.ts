import t from 'tap';
import type { Costs } from '../../bench/simulate/costs.js';
import { exponential } from '../../bench/simulate/exponential.js';
import { Machine, Thread } from '../../bench/simulate/machine.js';
import { type Plan, simulate } from '../../bench/simulate/simulate.js';
import { Clock } from '../simulation/clock.js';
import { Random } from '../simulation/random.js';

const MEAN_SERVICE_US = 1_000;

/**
 * The mean time in the system, in ms, when work comes at random to a thread of its own, or to several
 * threads.
 */
async function meanTimeMs(processors: number, perMs: number, jobs: number): Promise<number> {
  const clock = new Clock();
  const machine = new Machine(clock, processors);
  const random = new Random(7);
  let sumMs = 0;
  let arrivedAt = 0;
  for (let i = 0; i < jobs; i++) {
    arrivedAt += exponential(random, 1 / perMs);
    const us = exponential(random, MEAN_SERVICE_US);
    const at = arrivedAt;
    // A thread for each job: only processors are short.
    clock.at(at, () => new Thread(machine).run(us, () => (sumMs += clock.now - at)), true);
  }
  await clock.run(() => true);
  return sumMs / jobs;
}

t.test('one processor with random arrivals takes as long as M/M/1 says: 1 / (µ - λ)', async (t) => {
  for (const load of [0.3, 0.6]) {
    const expected = 1 / (1 - load);
    const error = (await meanTimeMs(1, load, 100_000)) / expected - 1;
    t.ok(Math.abs(error) < 0.03, `load ${load}: ${error}`);
  }
});

t.test('two processors with random arrivals take as long as M/M/2 says: 1 / (µ (1 - ρ²))', async (t) => {
  const load = 0.7;
  const error = (await meanTimeMs(2, 2 * load, 100_000)) / (1 / (1 - load ** 2)) - 1;
  t.ok(Math.abs(error) < 0.03, `${error}`);
});

t.test('a thread works on one processor at a time, however many are free', async (t) => {
  const clock = new Clock();
  const thread = new Thread(new Machine(clock, 4));
  const endedAt: number[] = [];
  for (const us of [1_000, 2_000, 3_000]) thread.run(us, () => endedAt.push(clock.now));
  await clock.run(() => true);
  t.same(endedAt, [1, 3, 6]);
});

const COSTS: Costs = {
  loadUs: 100,
  loadSwitchUs: 0,
  claimHttpUs: 200,
  refusalHttpUs: 150,
  serviceSwitchUs: 0,
  clientUsPerBatch: 40,
  clientUsPerClaim: 10,
  statementUsPerBatch: 250,
  statementUsPerClaim: 50,
  statementUsPerCoupon: 7,
  sharedUsPerBatch: 0,
  sharedUsPerClaim: 0,
  lockWaitUs: 30,
  refusalUsPerBatch: 120,
  refusalUsPerClaim: 5,
  flushUs: 300,
  roundTripUs: 80,
  walBytesPerBatch: 400,
  walBytesPerClaim: 600,
};

const PLAN: Plan = {
  costs: COSTS,
  services: 1,
  lanes: 1,
  databases: 1,
  databaseProcessors: 2,
  processors: 2,
  coupons: 1,
  isSoldOut: false,
  load: { clients: 1 },
  isByCoupon: false,
  clientRoundTripUs: 500,
  walBytesPerSecond: Number.POSITIVE_INFINITY,
  warmupMs: 100,
  durationMs: 2_000,
};

t.test('a lone claim takes the sum of its costs', async (t) => {
  const costs = { ...COSTS, serviceSwitchUs: 25, flushUs: 0 };
  // The server sleeps twice: until the request, and until the answer of PostgreSQL.
  const sumUs = 200 + 40 + 10 + 250 + 50 + 80 + 500 + 2 * 25;
  const { p50Ms, perSecond, claimsPerBatch } = await simulate({ ...PLAN, costs });
  t.ok(Math.abs(p50Ms * 1_000 - sumUs) < 1e-6, `${p50Ms}`);
  t.ok(Math.abs(perSecond - 1e6 / sumUs) < 2, `${perSecond}`);
  t.equal(claimsPerBatch, 1);
});

t.test('the disk takes as long as was measured, on average', async (t) => {
  const sumUs = 200 + 40 + 10 + 250 + 50 + 300 + 80 + 500;
  const { perSecond } = await simulate({ ...PLAN, durationMs: 20_000 });
  t.ok(Math.abs((perSecond * sumUs) / 1e6 - 1) < 0.01, `${perSecond}`);
});

t.test('a thread that loses its processor to others pays for each switch', async (t) => {
  const clock = new Clock();
  const machine = new Machine(clock, 1);
  const threads = [new Thread(machine, 10), new Thread(machine, 10)];
  for (let i = 0; i < 100; i++) for (const thread of threads) thread.run(100, () => {});
  await clock.run(() => true);
  // Two pieces fill a turn.
  for (const { busyUs } of threads) t.equal(busyUs, 100 * 100 + 50 * 10);
});

t.test('statements that run at the same time cost more, each by what was measured', async (t) => {
  const shared = { sharedUsPerBatch: 100, sharedUsPerClaim: 50, statementUsPerClaim: 1_000 };
  // All of the time goes to PostgreSQL, so two clients keep two connections busy.
  const none = { claimHttpUs: 0, clientUsPerBatch: 0, clientUsPerClaim: 0, roundTripUs: 0 };
  const plan = { ...PLAN, costs: { ...COSTS, ...shared, ...none }, clientRoundTripUs: 0, durationMs: 20_000 };
  const alone = await simulate(plan);
  t.ok(Math.abs(alone.databaseCpuUs / (250 + 1_000) - 1) < 0.01, `${alone.databaseCpuUs}`);
  const { databaseCpuUs } = await simulate({ ...plan, lanes: 2, coupons: 2, load: { clients: 2 } });
  t.ok(Math.abs(databaseCpuUs / (250 + 1_000 + 100 + 50) - 1) < 0.01, `${databaseCpuUs}`);
});

t.test('a lone refusal waits for no lock and no disk', async (t) => {
  const { p50Ms, walBytesPerSecond } = await simulate({ ...PLAN, isSoldOut: true });
  t.ok(Math.abs(p50Ms * 1_000 - (150 + 40 + 10 + 120 + 5 + 80 + 500)) < 1e-6, `${p50Ms}`);
  t.equal(walBytesPerSecond, 0);
});

t.test('many clients are bound by the fullest part: HTTP, PostgreSQL or the disk', async (t) => {
  const many = { ...PLAN, load: { clients: 400 } };
  const http = await simulate(many);
  t.ok(http.busy.service > 0.99, `${http.busy.service}`);
  const slow = await simulate({ ...many, costs: { ...COSTS, statementUsPerClaim: 400 } });
  // One lane, one coupon, batches of 200 or more: 400 µs each and little else.
  t.ok(slow.perSecond > 2_200 && slow.perSecond < 2_600, `${slow.perSecond}`);
  t.ok(slow.busy.row > 0.9, `${slow.busy.row}`);
  const disk = await simulate({ ...many, walBytesPerSecond: 600 * 1_000 });
  // 1,000 a second, less what the batches and the flushes themselves take.
  t.ok(disk.perSecond > 850 && disk.perSecond <= 1_000, `${disk.perSecond}`);
});

t.test(
  'a second service does not make one coupon faster than its row allows, and does for refusals',
  async (t) => {
    const costs = { ...COSTS, statementUsPerClaim: 400 };
    const hot = { ...PLAN, costs, load: { clients: 400 } };
    const one = await simulate(hot);
    const two = await simulate({ ...hot, services: 2 });
    t.ok(two.perSecond < one.perSecond * 1.1, `${one.perSecond} → ${two.perSecond}`);
    const refusals = { ...PLAN, costs: { ...COSTS, loadUs: 1 }, isSoldOut: true, load: { clients: 400 } };
    const [alone, both] = [await simulate(refusals), await simulate({ ...refusals, services: 2 })];
    t.ok(both.perSecond > alone.perSecond * 1.9, `${alone.perSecond} → ${both.perSecond}`);
  },
);

t.test('what arrives is answered, and a part is busy as long as the utilization law says', async (t) => {
  const costs = { ...COSTS, clientUsPerBatch: 0, clientUsPerClaim: 0 };
  const open = { ...PLAN, costs, coupons: 100, load: { perSecond: 1_000 }, isByCoupon: true };
  const { perSecond, busy } = await simulate({ ...open, services: 2, databases: 2, durationMs: 10_000 });
  t.ok(Math.abs(perSecond / 1_000 - 1) < 0.05, `${perSecond}`);
  // Half of the claims for each service, give or take what is random.
  t.ok(Math.abs(busy.service / (0.5 * 1_000 * 200e-6) - 1) < 0.1, `${busy.service}`);
});

t.test('on one machine, load, service and PostgreSQL share its processors', async (t) => {
  const { perSecond, serverCpuUs, databaseCpuUs, claimsPerBatch } = await simulate({
    ...PLAN,
    databaseProcessors: null,
    processors: 1,
    load: { clients: 200 },
    clientRoundTripUs: 0,
  });
  const us = 100 + serverCpuUs + databaseCpuUs;
  t.ok(Math.abs((perSecond * us) / 1e6 - 1) < 0.05, `${perSecond} × ${us}`);
  t.ok(Math.abs(databaseCpuUs - (50 + 250 / claimsPerBatch)) < 3, `${databaseCpuUs}`);
});
