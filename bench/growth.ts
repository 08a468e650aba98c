import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from 'postgres';
import { booksInDatabase } from './books.js';
import type { ExtraDatabase, OwnDatabase } from './database.js';
import { OTHER_FILES, openFilesMax } from './environment.js';
import { type Bench, load, type Measurement, measure } from './measure.js';
import { STEPS } from './scenarios.js';
import { type Server, type ServerKind, startServer } from './servers.js';
import { newTraffic } from './step.js';
import { couponName, type Traffic } from './traffic.js';
import { median } from './verdicts.js';

/** How the figures change with what there is. Each list has a point for each size. */
export interface Growth {
  /** By claims in the table; `empty` was measured beside it, on a table that was empty. */
  rows: { size: number; full: Measurement[]; empty: Measurement[] }[];
  coupons: { size: number; full: Measurement[] }[];
  /** Without measurements: the system does not allow so many connections. */
  connections: { size: number; full: Measurement[]; ceiling: Measurement[] }[];
}

const ROWS = [0, 100_000, 1_000_000, 5_000_000];
const ROWS_QUICK = [0, 100_000];
const COUPONS = [1, 10, 100, 1_000];
const CONNECTIONS = [10, 100, 1_000, 5_000];
const ROUNDS_MAX = 3;
/** Not all connections are open at once: those that find the queue full come again after 1, 3 and 7 seconds. */
const CONNECT_SECONDS: Record<number, number> = { 1000: 4, 5000: 8 };

export async function runGrowth(bench: Bench, database: OwnDatabase): Promise<Growth> {
  const growth: Growth = { rows: [], coupons: [], connections: [] };
  for (const size of bench.options.quick ? ROWS_QUICK : ROWS) {
    growth.rows.push({ size, ...(await growRows(bench, database, size)) });
  }
  for (const size of COUPONS) {
    const step = {
      ...STEPS.spread,
      label: `growth: ${size} coupon${size === 1 ? '' : 's'}`,
      coupons: size,
      amount: 100_000_000,
    };
    growth.coupons.push({ size, full: [await measure(bench, 'engine', step)] });
  }
  const filesMax = await openFilesMax();
  for (const size of CONNECTIONS) {
    if (filesMax !== null && size + OTHER_FILES > filesMax) {
      bench.progress.tell(
        `note: ${size} connections are left out: a process may have ${filesMax} files open (ulimit -n)`,
      );
      growth.connections.push({ size, full: [], ceiling: [] });
      continue;
    }
    growth.connections.push({
      size,
      full: [await growConnections(bench, database, 'engine', size)],
      ceiling: [await growConnections(bench, database, 'ceiling', size)],
    });
  }
  return growth;
}

/** A server of its own, whose memory is that of these connections alone. */
async function growConnections(
  bench: Bench,
  database: OwnDatabase,
  kind: ServerKind,
  size: number,
): Promise<Measurement> {
  const server = await startServer(kind, database.url, database.folder, bench.signal);
  try {
    const warmupSeconds = Math.max(bench.options.warmupSeconds, CONNECT_SECONDS[size] ?? 0);
    return await measure(bench, server, {
      ...STEPS.hot,
      label: `growth: ${size} connections`,
      connections: size,
      warmupSeconds,
    });
  } finally {
    await server.stop();
  }
}

/**
 * Claims on a table that was filled behind the server's back. The statements are planned while the table is empty, and
 * nothing tells the planner that it is not any more: neither autovacuum nor ANALYZE runs.
 */
async function growRows(bench: Bench, database: OwnDatabase, size: number) {
  const { signal, progress, options } = bench;
  const grown = await database.createDatabase(`growth_${size}`);
  const commitMs = await timeCommit(grown.sql);
  let server: Server | undefined;
  try {
    server = await startServer('engine', grown.url, database.folder, signal);
    const books = booksInDatabase(grown.sql);
    const traffic = newTraffic({ coupons: 1 });
    await books.createCoupons(traffic, STEPS.hot.amount);
    const claimFrom = async (label: string, users: string, step = {}) => {
      const named = { ...traffic, userPrefix: `${traffic.userPrefix}${users}-` };
      const rows = await countRows(grown.sql);
      return load(bench, server as Server, { ...STEPS.hot, label, ...step }, named, books, rows);
    };
    if (size > 0) {
      await claimFrom('growth: plans on the empty table', 'planned', {
        warmupSeconds: 0,
        durationSeconds: 0.5,
      });
      progress.begin(`growth: filling the table up to ${size.toLocaleString('en')} claims`);
      await fill(grown, traffic, size, signal, (rows) => progress.update(rows.toLocaleString('en')));
      progress.update('waiting for the disk');
      progress.end((await settle(grown.sql, commitMs, signal)) ? 'done' : 'done, but the disk is still busy');
    }
    const full: Measurement[] = [];
    const empty: Measurement[] = [];
    for (let round = 1; round <= Math.min(options.rounds, ROUNDS_MAX); round++) {
      empty.push(await measure(bench, 'engine', { ...STEPS.hot, label: 'growth: an empty table beside it' }));
      full.push(
        await claimFrom(`growth: ${size.toLocaleString('en')} claims in the table`, `round-${round}`),
      );
    }
    return { full, empty };
  } finally {
    await server?.stop();
    await grown.drop();
  }
}

const FILL_BATCH = 250_000;

async function fill(
  { sql }: ExtraDatabase,
  traffic: Traffic,
  size: number,
  signal: AbortSignal,
  tell: (rows: number) => void,
): Promise<void> {
  const coupon = couponName(traffic, 0);
  // Spares the look at the coupon for each row.
  await sql`set session_replication_role = replica`;
  for (let rows = await countRows(sql); rows < size; rows += FILL_BATCH) {
    signal.throwIfAborted();
    tell(rows);
    const count = Math.min(FILL_BATCH, size - rows);
    await sql.begin(async (sql) => {
      await sql`update coupons set remaining_amount = remaining_amount - ${count} where name = ${coupon}`;
      await sql`
        insert into claims (coupon_name, user_id)
        select ${coupon}, 'holder-' || i from generate_series(${rows + 1}::int, ${rows + count}::int) as i`;
    });
  }
  // What was filled in is written now, and not while claims are measured.
  await sql`checkpoint`;
}

const SETTLE_TIMEOUT_MS = 60_000;
const COMMITS = 20;

/**
 * After gigabytes were written, a disk may be slow for a while. Waits until it commits about as fast as before.
 * @returns false when it does not within a minute.
 */
async function settle(sql: Sql, commitMsBefore: number, signal: AbortSignal): Promise<boolean> {
  const deadline = Date.now() + SETTLE_TIMEOUT_MS;
  while ((await timeCommit(sql)) > 2 * commitMsBefore) {
    if (Date.now() > deadline) return false;
    await sleep(1_000, undefined, { signal });
  }
  return true;
}

/** How long the disk takes to commit: the median of some. */
async function timeCommit(sql: Sql): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < COMMITS; i++) {
    const start = performance.now();
    // It writes to the log, and to nothing else.
    await sql`select pg_logical_emit_message(true, 'bench', '')`;
    times.push(performance.now() - start);
  }
  return median(times) as number;
}

async function countRows(sql: Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`select count(*)::int as count from claims`;
  return row?.count ?? 0;
}
