import { booksInDatabase } from '../check/books.js';
import { couponName, newTraffic } from '../load/traffic.js';
import type { OwnDatabase } from '../rig/database.js';
import { connectionsMax } from '../rig/environment.js';
import { countClaims, fillClaims, settle, timeCommit } from '../rig/fill.js';
import { type Server, startServer } from '../rig/servers.js';
import type { Bench } from './bench.js';
import { type Measurement, measure, type Place, runStep } from './measure.js';
import { STEPS } from './steps.js';

const CLAIMS = [0, 100_000, 1_000_000, 5_000_000];
const CLAIMS_QUICK = [0, 100_000];
const COUPONS = [1, 10, 100, 1_000];
const CONNECTIONS = [10, 100, 1_000, 5_000];
const ROUNDS_MAX = 3;
/**
 * How long many connections take to open: the kernel drops some, which retry after 1, 3 and 7 s.
 */
const CONNECT_SECONDS: Record<number, number> = { 1000: 4, 5000: 8 };

/** Measures how figures change with claims in the table, with coupons, and with connections. */
export async function runGrowth(bench: Bench, database: OwnDatabase): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const size of bench.options.quick ? CLAIMS_QUICK : CLAIMS) {
    measurements.push(...(await growClaims(bench, database, size)));
  }
  for (const coupons of COUPONS) {
    const step = { ...STEPS.spread, coupons, amount: 100_000_000 };
    const server = await bench.server('engine');
    measurements.push(await measure(bench, server, step, placeOf('Coupons', coupons, 'engine')));
  }
  for (const connections of CONNECTIONS) {
    if (connections > (await connectionsMax())) {
      bench.tell(`note: ulimit -n does not allow for ${connections} connections, which are left out\n`);
      continue;
    }
    for (const kind of ['engine', 'ceiling'] as const) {
      const warmupSeconds = Math.max(bench.options.warmupSeconds, CONNECT_SECONDS[connections] ?? 0);
      const step = { ...STEPS.hot, overrides: { connections, warmupSeconds } };
      // A new server has the memory of these connections alone.
      const server = await startServer(kind, database.url, database.folder, bench.signal);
      const measured = measure(bench, server, step, placeOf('Connections', connections, kind));
      measurements.push(await measured.finally(server.stop));
    }
  }
  return measurements;
}

/**
 * Measures a table with so many claims, and an empty one beside it, in turns. The claims are
 * inserted behind the server's back, after its connections have planned their statements on the
 * empty table. No ANALYZE follows.
 */
async function growClaims(bench: Bench, database: OwnDatabase, size: number): Promise<Measurement[]> {
  const axis = 'Claims in the table';
  const measurements: Measurement[] = [];
  const commitMs = await timeCommit(database.sql);
  const { url, sql, drop } = await database.createDatabase(`grown_${size}`);
  let server: Server | undefined;
  try {
    server = await startServer('engine', url, database.folder, bench.signal);
    const traffic = newTraffic(STEPS.hot);
    const target = { url: server.url, traffic, books: booksInDatabase(sql), claimsBefore: 0 };
    await target.books.createCoupons(traffic, STEPS.hot.amount);
    const measureGrown = async (server: Server, users: string, place: Place, overrides = {}) => {
      const named = { ...traffic, userPrefix: `${traffic.userPrefix}${users}-` };
      const grown = { ...target, traffic: named, claimsBefore: await countClaims(sql) };
      return runStep(bench, server, grown, { ...STEPS.hot, overrides }, place);
    };
    if (size > 0) {
      const short = { warmupSeconds: 0, durationSeconds: 0.5 };
      await measureGrown(server, 'planning', placeOf(axis, 0, 'engine, to plan statements'), short);
      bench.tell(`  inserting ${size.toLocaleString('en')} claims\n`);
      await fillClaims(sql, couponName(traffic, 0), size, bench.signal);
      await settle(sql, commitMs, bench.signal);
    }
    for (let round = 1; round <= Math.min(bench.options.rounds, ROUNDS_MAX); round++) {
      const empty = placeOf(axis, size, 'engine, empty table', round);
      measurements.push(await measure(bench, await bench.server('engine'), STEPS.hot, empty));
      const full = placeOf(axis, size, 'engine', round);
      measurements.push(await measureGrown(server, `round-${round}`, full));
    }
    return measurements;
  } finally {
    await server?.stop();
    await drop();
  }
}

function placeOf(axis: Place['axis'], size: number, server: string, round = 1): Place {
  return { axis, label: size.toLocaleString('en'), server, round };
}
