import { checkAnswers, InvariantBroken, type Target } from '../check/answers.js';
import { claim } from '../check/books.js';
import { runLoad } from '../load/load.js';
import type { LoadPlan, LoadResult } from '../load/plan.js';
import { newTraffic } from '../load/traffic.js';
import { isForWrk, runWrk } from '../load/wrk.js';
import { resetPeak, type Usage, usageOf } from '../rig/cost.js';
import { type Server, usesDatabase } from '../rig/servers.js';
import type { Bench } from './bench.js';
import type { Step } from './steps.js';

/** The place of a measurement in tables and charts. */
export interface Place {
  /** What the rows of its table stand for. */
  axis: 'Scenario' | 'Load' | 'Claims in the table' | 'Coupons' | 'Connections';
  /** Its row, such as `hot` or `1,000`. */
  label: string;
  /** Its server, such as `engine` or `engine, empty table`. */
  server: string;
  round: number;
}

/** Names a place, such as `Scenario: hot, engine`. */
export function nameOf({ axis, label, server }: Omit<Place, 'round'>): string {
  return `${axis}: ${label}, ${server}`;
}

export interface Measurement extends Place, Omit<LoadResult, 'claimed' | 'unansweredMax' | 'networkErrors'> {
  load: 'autocannon' | 'wrk' | 'open loop';
  connections: number;
  rate: number | null;
  perSecond: number;
  /** Processor time per answer, of all processes of the server. Null: unknown. */
  serverCpuUs: number | null;
  /** Processor time per answer, of all processes of PostgreSQL. Null: unknown. */
  databaseCpuUs: number | null;
  /** The peak of the server's resident memory. Null: unknown. */
  serverMiB: number | null;
}

const CONNECTIONS_DEFAULT = 100;

/**
 * Creates coupons, runs a load on them, checks the books, and empties the tables.
 * @throws InvariantBroken when an answer or a claim is wrong.
 */
export async function measure(bench: Bench, server: Server, step: Step, place: Place): Promise<Measurement> {
  bench.signal.throwIfAborted();
  const traffic = newTraffic(step);
  const books = usesDatabase(server.kind) ? bench.books : null;
  await books?.createCoupons(traffic, step.amount);
  if (step.isSoldOut && books) {
    const { status } = await claim(server.url, { ...traffic, userPrefix: `${traffic.userPrefix}first-` });
    if (status !== 200) throw new InvariantBroken(`the first claim of a coupon has status ${status}`);
  }
  const target = { url: server.url, traffic, books, claimsBefore: step.isSoldOut ? 1 : 0 };
  const measurement = await runStep(bench, server, target, step, place);
  await bench.database?.clear();
  return measurement;
}

/**
 * Runs a load on coupons that exist, and checks the books.
 * @throws InvariantBroken when an answer or a claim is wrong.
 */
export async function runStep(
  bench: Bench,
  { pid }: Server,
  target: Target,
  step: Step,
  place: Place,
): Promise<Measurement> {
  const options = { ...bench.options, ...step.overrides };
  bench.tell(`  ${nameOf(place).padEnd(52)}`);
  const plan: LoadPlan = {
    url: target.url,
    traffic: target.traffic,
    connections: options.connections ?? step.connections ?? CONNECTIONS_DEFAULT,
    warmupMs: options.warmupSeconds * 1000,
    durationMs: options.durationSeconds * 1000,
    rate: options.rate,
    requests: step.requests ?? null,
  };
  const byWrk = options.load === 'wrk' && isForWrk(plan);
  const readUsage = () => Promise.all([usageOf(pid), usageOf(bench.database?.pid)]);
  await resetPeak(pid);
  let before = readUsage();
  const onMeasuring = () => (before = readUsage());
  const result = await (byWrk ? runWrk : runLoad)(plan, onMeasuring, bench.signal);
  const [[serverBefore, databaseBefore], [serverAfter, databaseAfter]] = [await before, await readUsage()];

  await checkAnswers(nameOf(place), step.expected, target, result);
  const { claimed, unansweredMax, networkErrors, ...figures } = result;
  const perSecond = figures.answers / figures.seconds;
  const cpuUs = (from: Usage | null, to: Usage | null) =>
    from && to && ((to.cpuMs - from.cpuMs) * 1000) / figures.answers;
  const shown = Math.round(perSecond).toLocaleString('en').padStart(7);
  bench.tell(`${shown} /s   p50 ${figures.p50Ms.toFixed(1)} ms   p99 ${figures.p99Ms.toFixed(1)} ms\n`);
  return {
    ...place,
    ...figures,
    load: plan.rate !== null ? 'open loop' : byWrk ? 'wrk' : 'autocannon',
    connections: plan.connections,
    rate: plan.rate,
    perSecond,
    serverCpuUs: cpuUs(serverBefore, serverAfter),
    databaseCpuUs: cpuUs(databaseBefore, databaseAfter),
    serverMiB: serverAfter?.peakMiB ?? null,
  };
}
