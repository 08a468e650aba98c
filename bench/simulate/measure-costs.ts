import { setTimeout as sleep } from 'node:timers/promises';
import postgres, { type Sql } from 'postgres';
import { CLAIM_SETTINGS } from '../../src/claims/claim-statement.js';
import { median } from '../median.js';
import { claimBatch, newRequests } from '../rig/batches.js';
import { usageOf } from '../rig/cost.js';
import { clear, type OwnDatabase } from '../rig/database.js';
import type { Costs } from './costs.js';

/** The batches of a busy lane lie between them. */
const SMALL = 10;
const LARGE = 100;
const MANY_COUPONS = 1_000;
const HOT = ['simulate-hot'];
const OTHER = ['simulate-other'];
const SOLD_OUT = ['simulate-sold-out'];
const MANY = Array.from({ length: MANY_COUPONS }, (_, i) => `simulate-${i}`);
const WARMUP_MS = 200;
/** What else the machine does then meets all of them. */
const ROUNDS = 3;

export type StatementCosts = Omit<
  Costs,
  'loadUs' | 'loadSwitchUs' | 'claimHttpUs' | 'refusalHttpUs' | 'serviceSwitchUs'
>;

/** What one statement costs. */
interface Run {
  elapsedUs: number;
  clientUs: number;
  databaseUs: number;
  walBytes: number;
}

/** Measures what the claim statement costs without HTTP: in PostgreSQL, in its client, and on the disk. */
export async function measureStatement(
  database: OwnDatabase,
  seconds: number,
  signal: AbortSignal,
): Promise<StatementCosts> {
  const { sql } = database;
  for (const [names, amount] of [
    [[...HOT, ...OTHER, ...MANY], 2_000_000_000],
    [SOLD_OUT, 1],
  ] as const) {
    await sql`insert into coupons (name, amount, remaining_amount)
      select name, ${amount}, ${amount} from unnest(${names}::text[]) as name`;
  }
  const open = (settings = {}) =>
    postgres(database.url, { max: 1, onnotice: () => {}, connection: { ...CLAIM_SETTINGS, ...settings } });
  const [lane, other, unsafe] = [open(), open(), open({ synchronous_commit: 'off' })];
  let turn = 0;
  const many = () => MANY.slice((turn++ * LARGE) % MANY_COUPONS).slice(0, LARGE);
  const tiny = (sql: Sql) => () => sql`update coupons set releases = releases where name = ${HOT[0]!}`;
  // Two at once over one connection, as a lane has them, so that PostgreSQL never waits for us. Those of two
  // connections write at the same time, or wait for each other's row. The last ones are about a round trip.
  const ways: Record<string, (() => Promise<unknown>)[]> = {
    small: twice(() => claimBatch(lane, HOT, SMALL)),
    large: twice(() => claimBatch(lane, HOT, LARGE)),
    spread: twice(() => claimBatch(lane, many(), LARGE)),
    smallSoldOut: twice(() => claimBatch(lane, SOLD_OUT, SMALL, 'out_of_stock')),
    largeSoldOut: twice(() => claimBatch(lane, SOLD_OUT, LARGE, 'out_of_stock')),
    smallShared: [
      ...twice(() => claimBatch(lane, HOT, SMALL)),
      ...twice(() => claimBatch(other, OTHER, SMALL)),
    ],
    largeShared: [
      ...twice(() => claimBatch(lane, HOT, LARGE)),
      ...twice(() => claimBatch(other, OTHER, LARGE)),
    ],
    contended: [lane, other].map((sql) => () => claimBatch(sql, HOT, LARGE, 'claimed', undefined)),
    flushed: [tiny(lane)],
    unflushed: [tiny(unsafe)],
    empty: [() => lane`select`],
    made: [async () => newRequests(HOT, LARGE)],
  };
  const runs: Record<string, Run[]> = {};
  try {
    await claimBatch(lane, SOLD_OUT, 1);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, loops] of Object.entries(ways)) {
        runs[name] = [...(runs[name] ?? []), await measureRuns(database, loops, seconds / ROUNDS, signal)];
      }
    }
  } finally {
    await Promise.all([lane, other, unsafe].map((sql) => sql.end()));
    await clear(sql);
  }
  return costsOf((way, part) => median(runs[way]!.map((run) => run[part]))!);
}

const twice = <T>(one: T) => [one, one];

function costsOf(of: (way: string, part: keyof Run) => number): StatementCosts {
  const slope = (part: keyof Run, small = 'small', large = 'large') =>
    (of(large, part) - of(small, part)) / (LARGE - SMALL);
  const fixed = (part: keyof Run, small = 'small', large = 'large') =>
    Math.max(0, of(small, part) - SMALL * slope(part, small, large));
  const sharedUs = (size: 'small' | 'large') => of(`${size}Shared`, 'databaseUs') - of(size, 'databaseUs');
  const sharedUsPerClaim = Math.max(0, (sharedUs('large') - sharedUs('small')) / (LARGE - SMALL));
  const refusals = ['databaseUs', 'smallSoldOut', 'largeSoldOut'] as const;
  return {
    clientUsPerBatch: fixed('clientUs'),
    clientUsPerClaim: slope('clientUs') - of('made', 'clientUs') / LARGE,
    statementUsPerBatch: fixed('databaseUs'),
    statementUsPerClaim: slope('databaseUs'),
    statementUsPerCoupon: Math.max(0, of('spread', 'databaseUs') - of('large', 'databaseUs')) / (LARGE - 1),
    sharedUsPerBatch: Math.max(0, sharedUs('small') - SMALL * sharedUsPerClaim),
    sharedUsPerClaim,
    lockWaitUs: Math.max(0, of('contended', 'databaseUs') - of('large', 'databaseUs')),
    refusalUsPerBatch: fixed(...refusals),
    refusalUsPerClaim: slope(...refusals),
    flushUs: Math.max(0, of('flushed', 'elapsedUs') - of('unflushed', 'elapsedUs')),
    roundTripUs: Math.max(0, of('empty', 'elapsedUs') - of('empty', 'clientUs') - of('empty', 'databaseUs')),
    walBytesPerBatch: fixed('walBytes'),
    walBytesPerClaim: slope('walBytes'),
  };
}

/** Runs these loops at once for so long, and gives what one turn of one costs. */
async function measureRuns(
  { sql, pid }: OwnDatabase,
  loops: (() => Promise<unknown>)[],
  seconds: number,
  signal: AbortSignal,
): Promise<Run> {
  const until = async (ms: number) => {
    const end = performance.now() + ms;
    let runs = 0;
    await Promise.all(
      loops.map(async (run) => {
        for (; performance.now() < end; runs++) await run();
      }),
    );
    signal.throwIfAborted();
    return runs;
  };
  const read = async () => {
    const [row] = await sql<{ wal: number }[]>`
      select (pg_current_wal_insert_lsn() - '0/0')::float8 as wal`;
    const { user, system } = process.cpuUsage();
    const { cpuMs } = (await usageOf(pid))!;
    return { clientUs: user + system, databaseUs: cpuMs * 1_000, walBytes: row!.wal };
  };
  await until(WARMUP_MS);
  // The log of the warm-up is still being written.
  await sleep(WARMUP_MS);
  const before = await read();
  const startedAt = performance.now();
  const runs = await until(seconds * 1_000);
  const elapsedUs = ((performance.now() - startedAt) * 1_000) / runs;
  const after = await read();
  const perRun = (part: keyof typeof after) => (after[part] - before[part]) / runs;
  return {
    elapsedUs,
    clientUs: perRun('clientUs'),
    databaseUs: perRun('databaseUs'),
    walBytes: perRun('walBytes'),
  };
}
