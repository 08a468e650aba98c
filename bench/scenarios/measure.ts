import { probeHealth } from '../load/health-probe.js';
import { runLoad } from '../load/load.js';
import type { LoadPlan } from '../load/plan.js';
import { newTraffic, type Traffic } from '../load/traffic.js';
import { isForWrk, runWrk } from '../load/wrk.js';
import { resetPeak, type Usage, usageOf } from '../rig/cost.js';
import type { Server } from '../rig/servers.js';
import type { Bench } from './bench.js';
import { checkAnswers, claim } from './check.js';
import { nameOf, type Place } from './measurement.js';
import type { Step } from './steps.js';

const CONNECTIONS_DEFAULT = 100;

/**
 * Creates coupons, measures a load on them, and empties the tables.
 * @throws Error when an answer or a claim is wrong.
 */
export async function measure(bench: Bench, server: Server, step: Step, place: Place): Promise<void> {
  bench.signal.throwIfAborted();
  const traffic = newTraffic(step);
  if (server.books) {
    await server.books.createCoupons(traffic, step.amount);
    // If this claim failed, the load would get a 200, which is wrong.
    if (step.isSoldOut) await claim(server.url, { ...traffic, userPrefix: `${traffic.userPrefix}first-` });
  }
  await measureTraffic(bench, server, traffic, step, place);
  if (bench.database) await server.books?.clear();
}

/**
 * Measures a load on coupons that exist, and checks the books.
 * @throws Error when an answer or a claim is wrong.
 */
export async function measureTraffic(
  { options, database, signal, measurements }: Bench,
  server: Server,
  traffic: Traffic,
  step: Step,
  place: Place,
): Promise<void> {
  process.stderr.write(`  ${nameOf(place).padEnd(52)}`);
  const { warmupSeconds, durationSeconds, connections, rate } = { ...options, ...step.overrides };
  const plan: LoadPlan = {
    url: server.url,
    traffic,
    connections: connections ?? step.connections ?? CONNECTIONS_DEFAULT,
    warmupMs: step.requests ? 0 : warmupSeconds * 1000,
    durationMs: durationSeconds * 1000,
    rate: rate ?? null,
    retry: step.retry ?? null,
    requests: step.requests ?? null,
  };
  const run = options.load === 'wrk' && isForWrk(plan) ? runWrk : runLoad;
  const claimsBefore = (await server.books?.countClaims(traffic)) ?? 0;
  // bench:compare leaves out the books of another commit, but not what its PostgreSQL costs.
  const databasePid = server.books?.pid ?? database?.pid;
  const readUsage = () => Promise.all([usageOf(server.pid), usageOf(databasePid)]);
  await resetPeak(server.pid);
  let before = readUsage();
  let health: ReturnType<typeof probeHealth> | undefined;
  const onMeasuring = () => {
    before = readUsage();
    if (plan.retry) health = probeHealth(server.url);
  };
  const result = await run(plan, onMeasuring, signal);
  const healthP99Ms = await health?.stop();
  const [[serverBefore, databaseBefore], [serverAfter, databaseAfter]] = [await before, await readUsage()];

  await checkAnswers(nameOf(place), step.expected, server, traffic, claimsBefore, result);
  const { answers, seconds, p50Ms, p99Ms } = result.figures;
  const perSecond = answers / seconds;
  const cpuUs = (from: Usage | null, to: Usage | null) =>
    from && to && ((to.cpuMs - from.cpuMs) * 1000) / answers;
  measurements.push({
    ...place,
    ...result.figures,
    plan,
    healthP99Ms: healthP99Ms ?? null,
    perSecond,
    serverCpuUs: cpuUs(serverBefore, serverAfter),
    databaseCpuUs: cpuUs(databaseBefore, databaseAfter),
    serverMiB: serverAfter?.peakMiB ?? null,
  });
  const shown = Math.round(perSecond).toLocaleString('en').padStart(7);
  process.stderr.write(`${shown} /s   p50 ${p50Ms.toFixed(1)} ms   p99 ${p99Ms.toFixed(1)} ms\n`);
}
