import { join } from 'node:path';
import { Command, Option } from 'commander';
import postgres, { type Sql } from 'postgres';
import { createClient } from '../clients/typescript/src/index.js';
import { readAccounts } from '../db/books/accounts.js';
import { freePort } from '../db/embedded/free-port.js';
import { schemaOf } from '../src/shards/shape.js';
import { runLoad } from './load/load.js';
import { couponName, newTraffic, type Traffic } from './load/traffic.js';
import { hasWrk, runWrk } from './load/wrk.js';
import { median } from './median.js';
import { atLeast } from './options.js';
import type { Books } from './rig/books.js';
import { cpuMsOf } from './rig/cost.js';
import { countClaims } from './rig/coupons.js';
import { clear, type OwnDatabase, startEmptyDatabase } from './rig/database.js';
import { describeMachine, readCommit } from './rig/environment.js';
import { type Server, startProgram } from './rig/servers.js';
import { abortOnSignal } from './rig/stop.js';
import { checkAnswers, claim } from './scenarios/check.js';
import { STEPS } from './scenarios/steps.js';

/**
 * The command: what a claim costs if the coupons are divided among shards and databases. A round measures
 * each scenario on each kind of installation, one after the other.
 */

const MODES = ['hot', 'spread', 'sold-out'] as const;
type Mode = (typeof MODES)[number];

interface Installation {
  name: string;
  server: Server & { books: Books };
  /** Of all PostgreSQL servers. */
  pids: number[];
  close(): Promise<void>;
}

interface Figures {
  perSecond: number;
  p99Ms: number;
  /** Microseconds of processor time per answer. */
  serviceUs: number;
  databaseUs: number;
}

const command = new Command('npm run bench:shards --')
  .description('Measures claims on one database, on shards in it, and on two databases.')
  .option('--shards <count>', 'in one database, and in Citus', atLeast(2), 4)
  .option('--rounds <count>', 'how often', atLeast(1), 5)
  .option('--seconds <seconds>', 'how long a measurement takes, after a warm-up as long', atLeast(1), 3)
  .option('--connections <count>', 'open connections', atLeast(1), 100)
  .option('--citus <url>', 'also an empty database of a Citus cluster on this machine: its coordinator')
  .option('--scenarios <names...>', MODES.join(', '), [...MODES])
  .addOption(new Option('--load <program>').choices(['autocannon', 'wrk']).default('wrk'))
  .parse();
const { shards, rounds, seconds, connections, citus, load } = command.opts();
const modes: Mode[] = command.opts()['scenarios'];
if (load === 'wrk' && !(await hasWrk())) command.error('wrk is not on the PATH: use --load autocannon');
const run = load === 'wrk' ? runWrk : runLoad;

const signal = abortOnSignal();
const databases: OwnDatabase[] = [];
const installations: Installation[] = [];
const measured = new Map<string, Figures[]>();
try {
  // Each installation has PostgreSQL servers of its own: their processor time is all its own.
  for (let i = 0; i < 4; i++) databases.push(await startEmptyDatabase());
  const [one, divided, first, second] = databases as [OwnDatabase, OwnDatabase, OwnDatabase, OwnDatabase];
  installations.push(
    await install('one database', [one], 1, { DATABASE_URL: one.url }),
    await install(`${shards} shards`, [divided], shards, {
      DATABASE_URL: divided.url,
      DATABASE_SHARDS: String(shards),
    }),
    await install('two databases', [first, second], 2, { DATABASE_URLS: `${first.url} ${second.url}` }),
  );
  if (citus) {
    const settings = { DATABASE_URL: citus, DATABASE_SHARDS: String(shards), DATABASE_CITUS: 'true' };
    installations.push(await install('Citus', [{ url: citus }], shards, settings));
  }
  for (let round = 1; round <= rounds; round++) {
    for (const mode of modes) {
      for (const installation of round % 2 ? installations : [...installations].reverse()) {
        const key = `${mode} ${installation.name}`;
        const figures = await measure(installation, mode);
        measured.set(key, [...(measured.get(key) ?? []), figures]);
        console.error(`round ${round}: ${key}: ${JSON.stringify(figures)}`);
      }
    }
  }
  console.log(`${await readCommit()}; ${describeMachine()}`);
  console.log(`${connections} connections, ${rounds} rounds of ${seconds} s, ${load}, medians\n`);
  for (const mode of modes) for (const { name } of installations) console.log(describe(mode, name));
} catch (error) {
  process.exitCode = 1;
  if (!signal.aborted) console.error(error);
} finally {
  await Promise.all(installations.map(({ close }) => close()));
  await Promise.all(databases.map(({ stop }) => stop()));
}

/** Starts the service on databases, with this number of shards in all of them. */
async function install(
  name: string,
  on: readonly { url: string; pid?: number }[],
  count: number,
  settings: Record<string, string>,
): Promise<Installation> {
  const port = await freePort();
  const env = { LOG_LEVEL: 'warn', ...settings, PORT: String(port), HOST: '127.0.0.1' };
  const program = join(import.meta.dirname, '../src/server.js');
  const { folder } = databases[0]!;
  const started = await startProgram('engine', [process.execPath, program], port, folder, signal, env);
  const shape = { shards: count, databases: on.length };
  const sqls = Array.from({ length: count }, (_, shard) =>
    postgres(on[shard % on.length]!.url, {
      max: 1,
      onnotice: () => {},
      connection: { search_path: schemaOf(shard, shape) ?? 'public' },
    }),
  );
  const known = on.flatMap(({ pid }) => pid ?? []);
  return {
    name,
    server: { ...started, books: dividedBooks(sqls, started.url) },
    pids: known.length > 0 ? known : await pidsOfCluster(sqls[0]!),
    async close() {
      await started.stop();
      await Promise.all(sqls.map((sql) => sql.end({ timeout: 1 })));
    },
  };
}

/** The tables of all shards. */
function dividedBooks(sqls: readonly Sql[], url: string): Books {
  const client = createClient({ baseUrl: url });
  const each = <T>(read: (sql: Sql) => Promise<T>) => Promise.all(sqls.map(read));
  return {
    async createCoupons(traffic, amount) {
      // The service knows in which shard a coupon lives.
      for (let i = 0; i < traffic.coupons; i++)
        await client.createCoupon({ name: couponName(traffic, i), amount });
    },
    countClaims: async (traffic) =>
      (await each((sql) => countClaims(sql, traffic))).reduce((sum, count) => sum + count, 0),
    readAccounts: async ({ couponPrefix }: Traffic) =>
      (await each((sql) => readAccounts(sql, couponPrefix)))
        .flat()
        .sort((one, other) => (one.name < other.name ? -1 : 1)),
    clear: async () => void (await each(clear)),
  };
}

/** Those of the coordinator and the workers, if they run on this machine. */
async function pidsOfCluster(sql: Sql): Promise<number[]> {
  const rows = await sql<{ pid: number }[]>`
    select result::int as pid
    from run_command_on_all_nodes('select split_part(pg_read_file(''postmaster.pid''), e''\n'', 1)')`;
  return rows.map(({ pid }) => pid);
}

async function measure({ name, server, pids }: Installation, mode: Mode): Promise<Figures> {
  const { url, books, pid } = server;
  const step = STEPS[mode];
  const traffic = newTraffic(step);
  await books.createCoupons(traffic, step.amount);
  if (mode === 'sold-out') await claim(url, { ...traffic, userPrefix: 'first-' });
  const claimsBefore = await books.countClaims(traffic);
  const read = async () => ({ service: await cpuMsOf([pid]), database: await cpuMsOf(pids) });
  let before: ReturnType<typeof read> | undefined;
  const plan = {
    ...{ url, traffic, connections, warmupMs: seconds * 1000, durationMs: seconds * 1000 },
    ...{ rate: null, retry: null, requests: null },
  };
  const result = await run(plan, () => (before = read()), signal);
  const [start, end] = [await before!, await read()];
  await checkAnswers(`${mode}, ${name}`, step.expected, server, traffic, claimsBefore, result);
  await books.clear();
  const { answers, seconds: measuredSeconds, p99Ms } = result.figures;
  return {
    perSecond: Math.round(answers / measuredSeconds),
    p99Ms,
    serviceUs: ((end.service - start.service) * 1000) / answers,
    databaseUs: ((end.database - start.database) * 1000) / answers,
  };
}

function describe(mode: Mode, name: string): string {
  const own = measured.get(`${mode} ${name}`)!;
  const one = measured.get(`${mode} one database`)!;
  const middle = (part: keyof Figures) => median(own.map((figures) => figures[part]))!;
  const costOf = ({ serviceUs, databaseUs }: Figures) => serviceUs + databaseUs;
  const ratio = median(own.map((figures, i) => costOf(figures) / costOf(one[i]!)))!;
  return [
    `${mode.padEnd(9)}${name.padEnd(14)} ${Math.round(middle('perSecond'))} answers/s`,
    `p99 ${middle('p99Ms').toFixed(1)} ms`,
    `service ${middle('serviceUs').toFixed(1)} µs, PostgreSQL ${middle('databaseUs').toFixed(1)} µs an answer`,
    `together × ${ratio.toFixed(2)}`,
  ].join('; ');
}
