import { Command, Option } from 'commander';
import type { Sql } from 'postgres';
import { newTraffic } from './load/traffic.js';
import { median } from './median.js';
import { atLeast, type Options } from './options.js';
import { axisTable, table } from './report/tables.js';
import { createDatabase, type Database, startDatabase } from './rig/database.js';
import { describeMachine, readCommit } from './rig/environment.js';
import { fill } from './rig/fill.js';
import { type Server, startServer } from './rig/servers.js';
import { abortOnSignal } from './rig/stop.js';
import type { Bench } from './scenarios/bench.js';
import { measureTraffic } from './scenarios/measure.js';
import type { Place } from './scenarios/measurement.js';
import { STEPS, type Step } from './scenarios/steps.js';

/**
 * The command: what millions of claims in the table change. A full and an empty database, in one PostgreSQL
 * with the settings that docs/operations.md recommends, are measured in turns.
 */

/** Those of docs/operations.md, for who sells millions. */
const SETTINGS = { max_wal_size: '4GB', checkpoint_timeout: '15min' };
const READS = 200;
const SCENARIOS = ['hot', 'spread'] as const;
/** Of the capacity: an open loop shows the latency of a service that is not full. */
const SHARE = 0.5;
const CHECKPOINT_SECONDS = 12;

const command = new Command('npm run bench:growth --')
  .description('Measures claims and reads with millions of claims in the table, and through a checkpoint.')
  .option('--claims <count>', 'the claims in the table', atLeast(1_000), 10_000_000)
  .option('--coupons <count>', 'the coupons that they are for', atLeast(1), 1_000)
  .option('--rounds <count>', 'how often to measure the claims', atLeast(1), 3)
  .option('--seconds <seconds>', 'how long to measure each', atLeast(1), 4)
  .addOption(new Option('--load <program>').choices(['autocannon', 'wrk']).default('wrk'))
  .parse();
const { claims, coupons, rounds, seconds, load } = command.opts();

const signal = abortOnSignal();
const database = await startDatabase(SETTINGS);
const options = { durationSeconds: seconds, warmupSeconds: 2, load } as Options;
const servers: Server[] = [];
const start = async (on: Database) => {
  const server = await startServer('engine', on, database.folder, signal, { LOG_LEVEL: 'warn' });
  servers.push(server);
  return server;
};
const bench: Bench = {
  options,
  signal,
  database,
  redis: null,
  measurements: [],
  server: async () => servers[0]!,
  stop: database.stop,
};
try {
  const full = await createDatabase(database, 'grown');
  const [small, grown] = [await start(database), await start(full)];
  await fill(full.sql, claims, coupons);
  // As many holders of the coupon that is read, and nothing else.
  await fill(database.sql, Math.ceil(claims / coupons), 1);
  await database.sql`checkpoint`;
  const places = [
    [grown, claims.toLocaleString('en'), 'engine'],
    [small, claims.toLocaleString('en'), 'engine, empty table'],
  ] as const;
  for (let round = 1; round <= rounds; round++) {
    for (const scenario of SCENARIOS) {
      for (const [server, label, name] of places) {
        await measureLoad(server, STEPS[scenario], { label: `${label}, ${scenario}`, server: name, round });
      }
    }
  }
  await throughCheckpoint(grown, full.sql);
  console.log(`${await readCommit()}; ${describeMachine()}; PostgreSQL ${database.version}\n`);
  console.log(axisTable('Claims in the table', bench.measurements));
  console.log(`\n${await compareReads(grown, small)}`);
  console.log(`\n${await describeSizes(full.sql)}`);
} catch (error) {
  process.exitCode = 1;
  if (!signal.aborted) console.error(error);
} finally {
  await Promise.all(servers.map((server) => server.stop())).finally(database.stop);
}
process.exit();

/** Measures a load on new coupons. They stay: emptying the tables would take the others, too. */
async function measureLoad(server: Server, step: Step, place: Omit<Place, 'axis'>): Promise<void> {
  const traffic = newTraffic(step);
  await server.books!.createCoupons(traffic, step.amount);
  await measureTraffic(bench, server, traffic, step, { axis: 'Claims in the table', ...place });
}

/**
 * Sends claims at half of the capacity, first without a checkpoint, and then with one in the middle. A
 * checkpoint by statement writes as fast as it can: those that come by themselves take their time.
 */
async function throughCheckpoint(server: Server, sql: Sql): Promise<void> {
  const hot = bench.measurements.filter(({ label, server }) => label.endsWith('hot') && server === 'engine');
  const rate = Math.round(median(hot.map(({ perSecond }) => perSecond))! * SHARE);
  const step: Step = { ...STEPS.hot, overrides: { rate, durationSeconds: CHECKPOINT_SECONDS } };
  await measureLoad(server, step, { label: 'half of the capacity', server: 'engine', round: 1 });
  const timer = setTimeout(() => void sql`checkpoint`.execute(), (2 + CHECKPOINT_SECONDS / 3) * 1_000);
  await measureLoad(server, step, { label: 'the same, with a checkpoint', server: 'engine', round: 1 });
  clearTimeout(timer);
}

/** How long reads take, one after the other. */
async function compareReads(full: Server, empty: Server): Promise<string> {
  const holder = 'user-0';
  const paths = {
    'GET coupon, with its holders': '/api/coupons/coupon-0',
    'GET coupon, without': '/api/coupons/coupon-0?claimed_by=false',
    'GET a claim': `/api/coupons/coupon-0/claims/${holder}`,
    'GET 100 claims of a coupon': '/api/coupons/coupon-0/claims',
    'GET 100 coupons': '/api/coupons',
    'GET the claims of a user': `/api/users/${holder}/claims`,
  };
  const rows: string[][] = [];
  for (const [what, path] of Object.entries(paths)) {
    const of = async ({ url }: Server) => {
      const timesMs: number[] = [];
      for (let i = 0; i < READS; i++) {
        const startedAt = performance.now();
        const response = await fetch(url + path, { signal });
        await response.arrayBuffer();
        if (response.status !== 200) throw new Error(`${path}: ${response.status}`);
        timesMs.push(performance.now() - startedAt);
      }
      const p99 = timesMs.toSorted((a, b) => a - b)[Math.floor(READS * 0.99)]!;
      return [median(timesMs)!.toFixed(2), p99.toFixed(2)];
    };
    rows.push([what, ...(await of(full)), ...(await of(empty))]);
  }
  return table(['Read', 'Full: median ms', 'p99 ms', 'Empty: median ms', 'p99 ms'], rows, 1);
}

async function describeSizes(sql: Sql): Promise<string> {
  const rows = await sql<{ name: string; bytes: number }[]>`
    select relname as name, pg_relation_size(oid)::float8 as bytes
    from pg_class
    where relname in ('claims', 'claims_pkey', 'claims_in_order', 'coupons', 'events')`;
  const [{ count }] = await sql<[{ count: number }]>`select count(*)::float8 as count from claims`;
  const cells = rows.map(({ name, bytes }) => [
    name,
    (bytes / 1e6).toFixed(0),
    name === 'coupons' ? '' : (bytes / count).toFixed(0),
  ]);
  return table(['On the disk', 'MB', 'bytes a claim'], cells, 1);
}
