import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type Client, problemIn } from '../support/app.js';
import { temporaryFolder } from '../support/own-postgres.js';
import { type ServiceProcess, startService } from '../support/process.js';
import { until } from '../support/until.js';
import { Cluster } from './rig/cluster.js';
import { ROLE } from './rig/postgres-node.js';
import { createTemplate } from './rig/template.js';

/** After a promotion, claims go on within this time. */
const FAILOVER_MS = 2_000;
/** Over more coupons than lanes, so that each lane has one. */
const COUPONS = ['A', 'B', 'C', 'D'];
const SETTINGS = { CLAIM_LANES: '2' };

const template = await createTemplate(t);

t.test('after a switchover, claims go on as soon as the name leads to the new primary', async (t) => {
  const cluster = await startCluster(t);
  const service = startService(t, { ...SETTINGS, DATABASE_URL: cluster.name.url });
  const traffic = await startTraffic(t, service);
  await cluster.primary.stop('SIGINT');
  const old = await cluster.promote();
  await cluster.follow(old);
  // The name leads to the old primary, which is a standby now: it answers, and takes no writes.
  await until('a refusal', async () => (await traffic.client.request('GET', '/health')).status === 503);
  const seen = new Set<number>();
  for (const end = Date.now() + 1_500; Date.now() < end; await sleep(20)) {
    seen.add((await traffic.client.request('GET', '/health')).status);
  }
  t.strictSame([...seen], [503], 'health is 503 meanwhile');
  cluster.moveName();
  await traffic.goesOn(t);
  t.equal((await traffic.client.request('GET', '/health')).status, 200);
  t.match(await service.logged('the database is back'), { level: 30 });
  await traffic.isKept(t, cluster);
});

for (const isReversed of [false, true]) {
  const order = isReversed ? 'the standby first' : 'the primary first';
  t.test(`hosts with ${order}: after a failover and one back, claims go on`, async (t) => {
    const cluster = await startCluster(t);
    const url = cluster.hostsUrl(isReversed);
    const service = startService(t, { ...SETTINGS, DATABASE_URL: url });
    const traffic = await startTraffic(t, service);
    for (const signal of ['SIGKILL', 'SIGQUIT'] as const) {
      await cluster.primary.stop(signal);
      const old = await cluster.promote();
      await traffic.goesOn(t);
      await cluster.rebuild(old);
    }
    await traffic.isKept(t, cluster);
  });
}

t.test('a new installation whose hosts begin with the standby gets its tables', async (t) => {
  const empty = await createTemplate(t, undefined, false);
  const cluster = await Cluster.start(t, empty, [await temporaryFolder(t), await temporaryFolder(t)]);
  const service = startService(t, { ...SETTINGS, DATABASE_URL: cluster.hostsUrl(true) });
  const client = await service.listening();
  await until('health', async () => (await client.request('GET', '/health')).status === 200);
  t.equal((await client.createCoupon('A', 5)).status, 201);
  t.equal((await client.claim('A', 'ada')).status, 200);
});

t.test('a service that starts during a failover claims as soon as there is a primary', async (t) => {
  const cluster = await startCluster(t);
  await cluster.primary.ask((sql) => sql`insert into coupons values ('A', 5, 5)`, ROLE);
  await cluster.primary.stop('SIGKILL');
  for (const isReversed of [false, true]) {
    const service = startService(t, { ...SETTINGS, DATABASE_URL: cluster.hostsUrl(isReversed) });
    const client = await service.listening();
    t.equal((await client.request('GET', '/health')).status, isReversed ? 200 : 503);
    if (!isReversed) {
      t.equal((await client.claim('A', 'nobody')).status, 503);
      await cluster.promote();
    }
    const promotedAt = Date.now();
    await until('a claim', async () => (await client.claim('A', `user ${isReversed}`)).status === 200);
    t.comment(`${Date.now() - promotedAt} ms after the promotion`);
  }
});

t.test(
  'both hosts are down: 503, few lines in the log, and an unknown outcome after the promised time',
  async (t) => {
    const cluster = await startCluster(t);
    const settings = { ...SETTINGS, DATABASE_URL: cluster.hostsUrl(false), CLAIM_OUTCOME_TIMEOUT_MS: '4000' };
    const service = startService(t, settings);
    const client = await service.listening();
    await client.createCoupon('A', 5);
    const locking = cluster.primary
      .ask(
        (sql) =>
          sql.begin(async (sql) => {
            await sql`select from coupons for update`;
            await sleep(60_000);
          }),
        ROLE,
      )
      .catch(() => {});
    const sentAt = Date.now();
    const answer = client.claim('A', 'ada');
    await until('a claim that waits for the lock', async () => {
      const rows = await cluster.primary.ask(
        (sql) => sql`select from pg_stat_activity where usename = ${ROLE} and wait_event_type = 'Lock'`,
      );
      return rows.length > 0;
    });
    await Promise.all(cluster.nodes.map((node) => node.stop('SIGKILL')));
    const lines = service.log.length;
    const other = await client.claim('A', 'grace');
    t.equal(other.status, 503, 'another claim is not kept waiting for the first one');
    t.equal((await client.request('GET', '/health')).status, 503);
    const problem = problemIn(await answer);
    t.equal(problem.code, 'outcome_unknown');
    t.ok(Date.now() - sentAt >= 4_000, 'not before the promised time');
    t.ok(service.log.length - lines < 20, `${service.log.length - lines} lines`);
    await Promise.all(cluster.nodes.map((node) => node.start()));
    await until('a claim', async () => (await client.claim('A', 'ada')).status !== 503);
    await locking;
  },
);

async function startCluster(t: Test): Promise<Cluster> {
  return Cluster.start(t, template, [await temporaryFolder(t), await temporaryFolder(t)]);
}

interface Traffic {
  client: Client;
  /** Checks that every coupon can be claimed again, soon. */
  goesOn(t: Test): Promise<void>;
  /** Ends the traffic, and checks that the database has every claim that was told 200. */
  isKept(t: Test, cluster: Cluster): Promise<void>;
}

/** Claims each coupon, again and again. */
async function startTraffic(t: Test, service: ServiceProcess): Promise<Traffic> {
  const client = await service.listening();
  const told: string[] = [];
  const lastClaimAt = new Map<string, number>();
  let slowestMs = 0;
  let isOver = false;
  for (const coupon of COUPONS) await client.createCoupon(coupon, 1_000_000);
  const claimants = COUPONS.map(async (coupon) => {
    for (let number = 0; !isOver; number++) {
      const user = `user-${number}`;
      const startedAt = performance.now();
      if ((await client.claim(coupon, user)).status !== 200) continue;
      told.push(`${coupon} ${user}`);
      lastClaimAt.set(coupon, startedAt);
      if (number < 50) slowestMs = Math.max(slowestMs, performance.now() - startedAt);
    }
  });
  t.teardown(() => (isOver = true));
  await until('claims', () => told.length > 300);
  return {
    client,
    async goesOn(t) {
      const since = performance.now();
      await until('claims of every coupon', () =>
        COUPONS.every((coupon) => (lastClaimAt.get(coupon) ?? 0) > since),
      );
      const ms = performance.now() - since;
      // On a busy machine, everything is late.
      t.ok(ms < FAILOVER_MS + 10 * slowestMs, `after ${Math.round(ms)} ms`);
    },
    async isKept(t, cluster) {
      isOver = true;
      await Promise.all(claimants);
      const { claims } = await cluster.rows();
      const kept = new Set(claims.map(({ coupon, user }) => `${coupon} ${user}`));
      t.strictSame(
        told.filter((claim) => !kept.has(claim)),
        [],
        `all of ${told.length} claims are kept`,
      );
    },
  };
}
