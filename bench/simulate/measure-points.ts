import { runLoad } from '../load/load.js';
import type { LoadPlan, LoadResult } from '../load/plan.js';
import { newTraffic } from '../load/traffic.js';
import { runWrk } from '../load/wrk.js';
import { type Usage, usageOf } from '../rig/cost.js';
import type { Server } from '../rig/servers.js';
import type { Bench } from '../scenarios/bench.js';
import { checkAnswers, claim } from '../scenarios/check.js';
import { STEPS } from '../scenarios/steps.js';
import type { Point } from './costs.js';

const CONNECTIONS = 100;

export type Load = Pick<Point, 'name' | 'coupons' | 'isSoldOut'> & { connections?: number };

/**
 * Measures a load that these servers share, a part of the connections for each.
 * @returns the point, and the processor time of the load for an answer.
 * @throws Error when an answer or a claim is wrong.
 */
export async function measurePoint(
  { options, signal, database }: Bench,
  servers: Server[],
  load: Load,
): Promise<Point & { loadUs: number }> {
  const { books } = servers[0]!;
  const { connections = CONNECTIONS } = load;
  const step = load.isSoldOut ? STEPS['sold-out'] : { ...STEPS.hot, amount: 1_000_000_000 };
  const traffic = newTraffic({ coupons: load.coupons });
  await books?.createCoupons(traffic, step.amount);
  if (load.isSoldOut && books) {
    await claim(servers[0]!.url, { ...traffic, userPrefix: `${traffic.userPrefix}first-` });
  }
  const claimsBefore = (await books?.countClaims(traffic)) ?? 0;
  const planOf = (url: string, i: number): LoadPlan => ({
    url,
    traffic: { ...traffic, userPrefix: `${traffic.userPrefix}${i}-` },
    connections: connections / servers.length,
    warmupMs: options.warmupSeconds * 1_000,
    durationMs: options.durationSeconds * 1_000,
    rate: null,
    retry: null,
    requests: null,
  });
  const readUsage = async () => {
    const usages = await Promise.all(
      [process.pid, database?.pid, ...servers.map(({ pid }) => pid)].map(usageOf),
    );
    const [all, postgres, ...own] = usages.map((usage: Usage | null) => (usage?.cpuMs ?? 0) * 1_000);
    const server = own.reduce((sum, us) => sum + us, 0);
    // Servers and PostgreSQL are children of this process.
    return { server, postgres: postgres!, load: all! - server - postgres! };
  };
  let before = readUsage();
  const onMeasuring = () => (before = readUsage());
  const run = options.load === 'wrk' ? runWrk : runLoad;
  const results = await Promise.all(servers.map(({ url }, i) => run(planOf(url, i), onMeasuring, signal)));
  const [from, to] = [await before, await readUsage()];
  const result = together(results);
  await checkAnswers(load.name, step.expected, servers[0]!, traffic, claimsBefore, result);
  await books?.clear();
  const { answers, seconds, p50Ms, p99Ms } = result.figures;
  return {
    ...load,
    services: servers.length,
    connections,
    perSecond: answers / seconds,
    p50Ms,
    p99Ms,
    serverCpuUs: (to.server - from.server) / answers,
    databaseCpuUs: (to.postgres - from.postgres) / answers,
    loadUs: (to.load - from.load) / answers,
  };
}

/** Adds up loads that ran at once. Of percentiles, it takes the worst. */
function together(results: LoadResult[]): LoadResult {
  const sum = (of: (result: LoadResult) => number) => results.reduce((sum, one) => sum + of(one), 0);
  const worst = (of: (result: LoadResult) => number) => Math.max(...results.map(of));
  const statuses: Record<string, number> = {};
  for (const result of results) {
    for (const [status, count] of Object.entries(result.statuses)) {
      statuses[status] = (statuses[status] ?? 0) + count;
    }
  }
  return {
    statuses,
    claimed: null,
    unansweredMax: sum((one) => one.unansweredMax),
    networkErrors: sum((one) => one.networkErrors),
    figures: {
      answers: sum((one) => one.figures.answers),
      seconds: worst((one) => one.figures.seconds),
      p50Ms: worst((one) => one.figures.p50Ms),
      p99Ms: worst((one) => one.figures.p99Ms),
      p999Ms: worst((one) => one.figures.p999Ms),
    },
  };
}
