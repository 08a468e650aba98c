import { checkAnswers, checkRefusal, sellOut } from './answers.js';
import { type Books, BooksWrong, checkBooks } from './books.js';
import { usageOf, watchMemory } from './cost.js';
import type { OwnDatabase } from './database.js';
import { runLoad } from './load.js';
import type { LoadPlan } from './load-process.js';
import type { Options } from './options.js';
import type { Progress } from './progress.js';
import { isWithoutDatabase, type Server, type ServerKind } from './servers.js';
import { newTraffic, type Step } from './step.js';
import type { LoadResult } from './tally.js';
import type { Traffic } from './traffic.js';
import { runWrk } from './wrk.js';

/** What there is to measure with. */
export interface Bench {
  options: Options;
  signal: AbortSignal;
  progress: Progress;
  /** Null: it is somewhere else. */
  database: OwnDatabase | null;
  books: Books;
  /** The server of this kind, started when it is first asked for. */
  server(kind: ServerKind): Promise<Server>;
}

export interface Measurement {
  label: string;
  server: ServerKind;
  load: 'autocannon' | 'wrk' | 'open loop';
  connections: number;
  rate: number | null;
  perSecond: number;
  answers: number;
  seconds: number;
  latencyMs: LoadResult['latencyMs'];
  statuses: LoadResult['statuses'];
  burst: LoadResult['burst'];
  /** Processor time of the server and of PostgreSQL; null: not known here. */
  cpuUsPerAnswer: { server: number; database: number } | null;
  residentPeakMiB: number | null;
}

const CONNECTIONS_DEFAULT = 100;

/**
 * Runs a step from new coupons to checked books.
 * @throws BooksWrong when an answer or a claim is wrong.
 */
export async function measure(bench: Bench, on: ServerKind | Server, step: Step): Promise<Measurement> {
  bench.signal.throwIfAborted();
  const server = typeof on === 'string' ? await bench.server(on) : on;
  const traffic = newTraffic(step);
  const hasBooks = !isWithoutDatabase(server.kind);
  if (hasBooks) await bench.books.createCoupons(traffic, step.amount);
  const rowsBefore = step.isSoldOut && hasBooks ? await sellOut(server, step, traffic) : 0;
  const measurement = await load(bench, server, step, traffic, hasBooks ? bench.books : null, rowsBefore);
  await bench.database?.clear();
  return measurement;
}

/** The load itself, on coupons that are there, and the check of the books. */
export async function load(
  bench: Bench,
  server: Server,
  step: Step,
  traffic: Traffic,
  books: Books | null,
  rowsBefore: number,
): Promise<Measurement> {
  const { options, database, progress } = bench;
  const where = `${step.label}, ${server.kind}`;
  progress.begin(where);
  const plan: LoadPlan = {
    url: server.url,
    traffic,
    connections: step.connections ?? options.connections ?? step.connectionsDefault ?? CONNECTIONS_DEFAULT,
    warmupMs: (step.warmupSeconds ?? options.warmupSeconds) * 1000,
    durationMs: (step.durationSeconds ?? options.durationSeconds) * 1000,
    rate: step.rate ?? options.rate,
    amount: step.requests ?? null,
  };
  const useWrk = options.load === 'wrk' && !step.isDetailed && plan.rate === null && plan.amount === null;
  const usage = async () => ({
    server: server.pid === undefined ? null : await usageOf(server.pid),
    database: database === null ? null : await usageOf(database.pid),
  });
  const memory = watchMemory(server.pid);
  let before = usage();
  const result = await (useWrk ? runWrk : runLoad)(plan, {
    onMeasuring: () => (before = usage()),
    onProgress: (perSecond) => progress.update(`${Math.round(perSecond).toLocaleString('en')} a second`),
    signal: bench.signal,
  }).finally(memory.stop);
  const [start, end] = [await before, await usage()];
  const residentPeakMiB = memory.stop();

  checkAnswers(where, step, result);
  if (books) {
    progress.update('checking the books');
    await checkRefusal(where, step, server, traffic);
    const accounts = await books.accounts(traffic);
    try {
      checkBooks(traffic, accounts, result, rowsBefore);
    } catch (error) {
      throw error instanceof BooksWrong
        ? new BooksWrong(`${where}: the books are wrong:\n${error.message}`)
        : error;
    }
  }
  const perSecond = result.answers / result.seconds;
  const us = (from: { cpuMs: number } | null, to: { cpuMs: number } | null) =>
    from && to ? ((to.cpuMs - from.cpuMs) * 1000) / result.answers : null;
  const [serverUs, databaseUs] = [us(start.server, end.server), us(start.database, end.database)];
  progress.end(
    `${Math.round(perSecond).toLocaleString('en').padStart(7)} /s   p50 ${result.latencyMs.p50.toFixed(1)} ms   p99 ${result.latencyMs.p99.toFixed(1)} ms`,
  );
  return {
    label: step.label,
    server: server.kind,
    load: plan.rate !== null ? 'open loop' : useWrk ? 'wrk' : 'autocannon',
    connections: plan.connections,
    rate: plan.rate,
    perSecond,
    answers: result.answers,
    seconds: result.seconds,
    latencyMs: result.latencyMs,
    statuses: result.statuses,
    burst: result.burst,
    cpuUsPerAnswer:
      serverUs !== null && databaseUs !== null ? { server: serverUs, database: databaseUs } : null,
    residentPeakMiB,
  };
}
