import { Command, Option } from 'commander';
import type { Sql } from 'postgres';
import { runLoad } from './load/load.js';
import { newTraffic } from './load/traffic.js';
import { hasWrk, runWrk } from './load/wrk.js';
import { atLeast } from './options.js';
import { usageOf } from './rig/cost.js';
import { createCoupons } from './rig/coupons.js';
import { clear, connect, type OwnDatabase, startDatabase } from './rig/database.js';
import { describeMachine, readCommit } from './rig/environment.js';
import { type Server, startServer } from './rig/servers.js';
import { abortOnSignal } from './rig/stop.js';
import { STEPS } from './scenarios/steps.js';

/**
 * The command: what claims cost while an old snapshot keeps PostgreSQL from removing the old versions of a
 * coupon's row. First a transaction that somebody left open, then ANALYZE of a log with large arrays.
 */

const EVENTS = 30_000;
const CLAIMS_PER_EVENT = 250;
const ARRAYS = ['coupon_names', 'user_ids', 'claim_numbers', 'data'];
/** As autovacuum does it. */
const VACUUM_COST_DELAY = '2ms';

const command = new Command('npm run bench:snapshots --')
  .description('Measures claims while an old snapshot is open.')
  .option('--steps <count>', 'how often to measure beside the open transaction', atLeast(1), 6)
  .option('--rounds <count>', 'how often to measure beside ANALYZE', atLeast(1), 3)
  .option('--seconds <seconds>', 'how long a measurement takes, after a warm-up of a second', atLeast(1), 4)
  .option('--connections <count>', 'connections', atLeast(1), 100)
  .addOption(new Option('--load <program>').choices(['autocannon', 'wrk']).default('wrk'))
  .parse();
const { steps, rounds, seconds, connections, load } = command.opts();
if (load === 'wrk' && !(await hasWrk())) command.error('wrk is not on the PATH: use --load autocannon');

const signal = abortOnSignal();
const database = await startDatabase({ autovacuum: 'off' });
let server: Server | undefined;
try {
  server = await startServer('engine', database, database.folder, signal, { LOG_LEVEL: 'warn' });
  console.log(`${await readCommit()}; ${describeMachine()}; PostgreSQL ${database.version}`);
  console.log(`${connections} connections, ${load}, ${seconds} s each\n`);
  for (const mode of ['hot', 'spread'] as const) await besideTransaction(database, server, mode);
  await besideAnalyze(database, server);
} catch (error) {
  process.exitCode = 1;
  if (!signal.aborted) console.error(error);
} finally {
  await server?.stop();
  await database.stop();
}

async function besideTransaction(
  { sql, url, pid }: OwnDatabase,
  server: Server,
  mode: 'hot' | 'spread',
): Promise<void> {
  const { name, measure } = await prepare(sql, pid, server, mode);
  await measure(`${name}, no transaction`);
  const other = connect(url);
  await other.unsafe('begin isolation level repeatable read; select count(*) from coupons');
  const start = performance.now();
  for (let step = 0; step < steps; step++) {
    const age = Math.round((performance.now() - start) / 1000);
    await measure(`${name}, a transaction open for ${age} s`);
  }
  await other.end();
  await measure(`${name}, after it ended`);
  await clear(sql);
}

async function besideAnalyze({ sql, url, pid }: OwnDatabase, server: Server): Promise<void> {
  await sql`
    insert into events (type, coupon_names, user_ids, claim_numbers)
    select 'claim.made', names, array(select 'user-' || event || name from unnest(names) as name), numbers
    from generate_series(1, ${EVENTS}::int) as event,
      lateral (
        select array_agg('hot-' || n) as names, array_agg(event * 1000::bigint + n) as numbers
        from generate_series(1, ${CLAIMS_PER_EVENT}::int) as n
      ) as claims`;
  const other = connect(url);
  await other.unsafe(`set vacuum_cost_delay = '${VACUUM_COST_DELAY}'`);
  for (let round = 0; round < rounds; round++) {
    for (const [statistics, what] of [
      [-1, 'all columns'],
      [0, 'no arrays'],
    ]) {
      const targets = ARRAYS.map((column) => `alter column ${column} set statistics ${statistics}`);
      await sql.unsafe(`alter table events ${targets.join(', ')}`);
      const { name, measure } = await prepare(sql, pid, server, 'hot');
      let analyzing: Promise<number> | undefined;
      await measure(`${name}, ANALYZE of the log, ${what}`, () => {
        analyzing ??= analyze(other);
      });
      console.log(`  it took ${await analyzing} ms`);
      await clear(sql);
    }
  }
  await other.end();
}

async function analyze(sql: Sql): Promise<number> {
  const start = performance.now();
  await sql`analyze events`;
  return Math.round(performance.now() - start);
}

/** Creates the coupons of a scenario. `measure` runs claims on them, and prints what they cost. */
async function prepare(sql: Sql, pid: number, server: Server, mode: 'hot' | 'spread') {
  const step = STEPS[mode];
  const traffic = newTraffic(step);
  await createCoupons(sql, traffic, step.amount);
  let runs = 0;
  const measure = async (what: string, onMeasuring = () => {}) => {
    signal.throwIfAborted();
    let before: ReturnType<typeof usageOf> | undefined;
    const plan = {
      url: server.url,
      traffic: { ...traffic, userPrefix: `${traffic.userPrefix}${runs++}-` },
      connections,
      warmupMs: 1_000,
      durationMs: seconds * 1_000,
      rate: null,
      retry: null,
      requests: null,
    };
    const run = load === 'wrk' ? runWrk : runLoad;
    const start = () => {
      before ??= usageOf(pid);
      onMeasuring();
    };
    const { figures } = await run(plan, start, signal);
    const [first, last] = [await before, await usageOf(pid)];
    const cpuUs = ((last!.cpuMs - first!.cpuMs) * 1_000) / figures.answers;
    const perSecond = Math.round(figures.answers / figures.seconds);
    console.log(
      `${what}: ${perSecond} claims/s, p99 ${figures.p99Ms.toFixed(1)} ms, PostgreSQL ${cpuUs.toFixed(1)} µs a claim`,
    );
  };
  return { name: mode === 'hot' ? 'one coupon' : `${traffic.coupons} coupons`, measure };
}
