import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from 'postgres';
import { couponName, newTraffic } from '../load/traffic.js';
import { createCoupons, fillClaims } from '../rig/coupons.js';
import { clear, createDatabase, type OwnDatabase } from '../rig/database.js';
import { type Server, startServer } from '../rig/servers.js';
import type { Bench } from './bench.js';
import { claim } from './check.js';
import { measure, measureTraffic } from './measure.js';
import type { Place } from './measurement.js';
import { STEPS } from './steps.js';

const CLAIMS = [0, 100_000, 1_000_000, 5_000_000];
const COUPONS = [1, 10, 100, 1_000];
const CONNECTIONS = [10, 100, 1_000, 5_000];
const ROUNDS_MAX = 3;
/** PostgreSQL keeps a plan after the sixth run of a statement at the latest. A truncate drops the plan. */
const PLANNING_CLAIMS = 10;
/** A disk is slow for a while after gigabytes were written to it. */
const PAUSE_MS_PER_CLAIM = 0.005;
/** When many connections open, the kernel drops some. They retry after 1, 3 and 7 s. */
const CONNECT_SECONDS: Record<number, number> = { 1000: 4, 5000: 8 };

/** Measures how figures change with claims in the table, with coupons, and with connections. */
export async function runGrowth(bench: Bench, database: OwnDatabase): Promise<void> {
  const grown = await createDatabase(database, 'grown');
  const server = await startServer('engine', grown, database.folder, bench.signal);
  try {
    for (const size of bench.options.quick ? CLAIMS.slice(0, 2) : CLAIMS) {
      await growClaims(bench, server, grown.sql, size);
    }
  } finally {
    await server.stop();
  }
  for (const coupons of COUPONS) {
    const step = { ...STEPS.spread, coupons, amount: 100_000_000 };
    await measure(bench, await bench.server('engine'), step, placeOf('Coupons', coupons, 'engine'));
  }
  for (const connections of CONNECTIONS) {
    for (const kind of ['engine', 'ceiling'] as const) {
      const warmupSeconds = Math.max(bench.options.warmupSeconds, CONNECT_SECONDS[connections] ?? 0);
      const step = { ...STEPS.hot, overrides: { connections, warmupSeconds } };
      // A new server has the memory of these connections alone.
      const server = await startServer(kind, database, database.folder, bench.signal);
      const measured = measure(bench, server, step, placeOf('Connections', connections, kind));
      await measured.finally(server.stop);
    }
  }
}

/**
 * Measures a table with so many claims, and an empty one beside it, in turns. The claims are
 * inserted behind the server's back, after its connections have planned their statements on the
 * empty table. No ANALYZE follows.
 */
async function growClaims(bench: Bench, server: Server, sql: Sql, size: number): Promise<void> {
  const traffic = newTraffic(STEPS.hot);
  const usersOf = (name: string) => ({ ...traffic, userPrefix: `${traffic.userPrefix}${name}-` });
  await createCoupons(sql, traffic, STEPS.hot.amount);
  for (let i = 1; i <= PLANNING_CLAIMS; i++) await claim(server.url, usersOf(`planning-${i}`));
  console.error(`  inserting ${size.toLocaleString('en')} claims`);
  await fillClaims(sql, couponName(traffic, 0), size, bench.signal);
  await sleep(size * PAUSE_MS_PER_CLAIM, undefined, { signal: bench.signal });
  for (let round = 1; round <= Math.min(bench.options.rounds, ROUNDS_MAX); round++) {
    const full = placeOf('Claims in the table', size, 'engine', round);
    await measureTraffic(bench, server, usersOf(`round-${round}`), STEPS.hot, full);
    const empty = placeOf('Claims in the table', size, 'engine, empty table', round);
    await measure(bench, await bench.server('engine'), STEPS.hot, empty);
  }
  await clear(sql);
}

function placeOf(axis: Place['axis'], size: number, server: string, round = 1): Place {
  return { axis, label: size.toLocaleString('en'), server, round };
}
