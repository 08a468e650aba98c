import { Command, Option } from 'commander';
import type { Sql } from 'postgres';
import { runLoad } from './load/load.js';
import type { LoadPlan } from './load/plan.js';
import { newTraffic, type Traffic } from './load/traffic.js';
import { hasWrk, runWrk } from './load/wrk.js';
import { median } from './median.js';
import { atLeast } from './options.js';
import { findBalancer, startBalancer } from './rig/balancer.js';
import { cpuMsOf } from './rig/cost.js';
import { createCoupons } from './rig/coupons.js';
import { clear, type OwnDatabase, startDatabase } from './rig/database.js';
import { describeMachine, readCommit } from './rig/environment.js';
import { type Server, startServer } from './rig/servers.js';
import { abortOnSignal } from './rig/stop.js';
import { checkAnswers, claim } from './scenarios/check.js';
import { STEPS } from './scenarios/steps.js';

/**
 * The command: what several services on one database do. A round measures each scenario with one service, and
 * with more, one after the other. The connections are the same, divided among the services.
 */

const MODES = ['hot', 'spread', 'sold-out'] as const;
type Mode = (typeof MODES)[number];

interface Figures {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Microseconds of processor time per answer, of all services, of PostgreSQL and of the balancer. */
  servicesUs: number;
  databaseUs: number;
  balancerUs: number;
  /** Claims of a statement that made some. */
  batchSize: number;
}

const command = new Command('npm run bench:services --')
  .description('Measures several services on one database.')
  .option('--services <count>', 'the most services', atLeast(2), 2)
  .option('--rounds <count>', 'how often', atLeast(1), 5)
  .option(
    '--seconds <seconds>',
    'how long a measurement takes, after a warm-up of the same length',
    atLeast(1),
    3,
  )
  .option('--connections <count>', 'of all services together', atLeast(2), 100)
  .option('--balancer', 'send all requests to HAProxy, instead of a part to each service')
  .option('--scenarios <names...>', MODES.join(', '), [...MODES])
  .addOption(new Option('--load <program>').choices(['autocannon', 'wrk']).default('wrk'))
  .parse();
const { services, rounds, seconds, connections, load, balancer: isBalanced } = command.opts();
const modes: Mode[] = command.opts()['scenarios'];
if (load === 'wrk' && !(await hasWrk())) command.error('wrk is not on the PATH: use --load autocannon');
const balancerVersion = isBalanced && (await findBalancer());
if (isBalanced && !balancerVersion) command.error('haproxy is not on the PATH');
const run = load === 'wrk' ? runWrk : runLoad;
const counts = Array.from({ length: Math.log2(services) + 1 }, (_, i) => 2 ** i);

const signal = abortOnSignal();
const database = await startDatabase();
const servers: Server[] = [];
/** For each count of services, where the requests go: to each of them, or to a balancer. */
const targets = new Map<number, Server[]>();
const measured = new Map<string, Figures[]>();
try {
  while (servers.length < services) {
    servers.push(await startServer('engine', database, database.folder, signal, { LOG_LEVEL: 'warn' }));
  }
  for (const count of counts) {
    const own = servers.slice(0, count);
    targets.set(count, isBalanced ? [await startBalancer(own, database.folder, signal)] : own);
  }
  for (let round = 1; round <= rounds; round++) {
    for (const mode of modes) {
      for (const count of round % 2 ? counts : [...counts].reverse()) {
        const figures = await measure(database, count, mode);
        measured.set(`${mode} ${count}`, [...(measured.get(`${mode} ${count}`) ?? []), figures]);
        console.error(`round ${round}: ${mode}, ${count}: ${JSON.stringify(figures)}`);
      }
    }
  }
  console.log(`${await readCommit()}; ${describeMachine()}`);
  const by = balancerVersion ? `${load} through ${balancerVersion}` : load;
  console.log(`${connections} connections, ${rounds} rounds of ${seconds} s, ${by}, medians\n`);
  for (const mode of modes) for (const count of counts) console.log(describe(mode, count));
} catch (error) {
  process.exitCode = 1;
  if (!signal.aborted) console.error(error);
} finally {
  const started = new Set([...servers, ...[...targets.values()].flat()]);
  await Promise.all([...started].map((server) => server.stop())).finally(database.stop);
}

async function measure({ sql, pid }: OwnDatabase, count: number, mode: Mode): Promise<Figures> {
  const [own, addressed] = [servers.slice(0, count), targets.get(count)!];
  const step = STEPS[mode];
  const traffic = newTraffic(step);
  await createCoupons(sql, traffic, step.amount);
  if (mode === 'sold-out') await claim(own[0]!.url, { ...traffic, userPrefix: 'first-' });
  const claimsBefore = mode === 'sold-out' ? 1 : 0;
  const read = async () => ({
    services: await cpuMsOf(own.map((server) => server.pid)),
    database: await cpuMsOf([pid]),
    balancer: isBalanced ? await cpuMsOf([addressed[0]!.pid]) : 0,
    ...(await readBatches(sql)),
  });
  // Each warms up for as long: they measure together.
  let before: ReturnType<typeof read> | undefined;
  const onMeasuring = () => {
    before ??= read();
  };
  const results = await Promise.all(
    addressed.map((target, i) => run(planOf(target, traffic, i, addressed.length), onMeasuring, signal)),
  );
  const [start, end] = [await before!, await read()];
  const sum = (part: (result: (typeof results)[number]) => number) =>
    results.reduce((total, result) => total + part(result), 0);
  const statuses: Record<string, number> = {};
  for (const result of results) {
    for (const [status, count] of Object.entries(result.statuses))
      statuses[status] = (statuses[status] ?? 0) + count;
  }
  const answers = sum(({ figures }) => figures.answers);
  await checkAnswers(mode, step.expected, own[0]!, traffic, claimsBefore, {
    ...results[0]!,
    statuses,
    claimed: null,
    unansweredMax: sum(({ unansweredMax }) => unansweredMax),
    networkErrors: sum(({ networkErrors }) => networkErrors),
  });
  await clear(sql);
  return {
    perSecond: Math.round(sum(({ figures }) => figures.answers / figures.seconds)),
    p50Ms: Math.max(...results.map(({ figures }) => figures.p50Ms)),
    p99Ms: Math.max(...results.map(({ figures }) => figures.p99Ms)),
    servicesUs: ((end.services - start.services) * 1000) / answers,
    databaseUs: ((end.database - start.database) * 1000) / answers,
    balancerUs: ((end.balancer - start.balancer) * 1000) / answers,
    batchSize: (end.claims - start.claims) / Math.max(1, end.batches - start.batches),
  };
}

function planOf({ url }: Server, traffic: Traffic, i: number, count: number): LoadPlan {
  return {
    url,
    traffic: { ...traffic, userPrefix: `${traffic.userPrefix}${i}-` },
    connections: Math.max(1, Math.floor(connections / count)),
    warmupMs: seconds * 1000,
    durationMs: seconds * 1000,
    rate: null,
    retry: null,
    requests: null,
  };
}

/** A statement that makes claims writes one event. */
async function readBatches(sql: Sql): Promise<{ batches: number; claims: number }> {
  const [row] = await sql<{ batches: number; claims: number }[]>`
    select count(*)::float8 as batches, coalesce(sum(cardinality(coupon_names)), 0)::float8 as claims
    from events
    where type = 'claim.made'`;
  return row!;
}

function describe(mode: Mode, count: number): string {
  const own = measured.get(`${mode} ${count}`)!;
  const one = measured.get(`${mode} 1`)!;
  const middle = (part: keyof Figures) => median(own.map((figures) => figures[part]))!;
  const ratio = median(own.map(({ perSecond }, i) => perSecond / one[i]!.perSecond))!;
  return [
    `${mode.padEnd(9)}${count} services: ${middle('perSecond')} answers/s (× ${ratio.toFixed(2)})`,
    `p50 ${middle('p50Ms').toFixed(1)} ms, p99 ${middle('p99Ms').toFixed(1)} ms`,
    `services ${middle('servicesUs').toFixed(1)} µs, PostgreSQL ${middle('databaseUs').toFixed(1)} µs an answer`,
    ...(isBalanced ? [`balancer ${middle('balancerUs').toFixed(1)} µs`] : []),
    `${middle('batchSize').toFixed(0)} claims a statement`,
  ].join('; ');
}
