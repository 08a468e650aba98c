import { execFile } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Argument, Command, Option } from 'commander';
import { build } from 'esbuild';
import { makeTemporaryFolder } from '../db/embedded/throw-away.js';
import { projectRoot } from '../db/project-root.js';
import { newTraffic } from './load/traffic.js';
import { hasWrk } from './load/wrk.js';
import { median } from './median.js';
import { atLeast, type Options } from './options.js';
import { startEmptyDatabase } from './rig/database.js';
import { describeMachine, readCommit } from './rig/environment.js';
import { startServer } from './rig/servers.js';
import { abortOnSignal } from './rig/stop.js';
import type { Bench } from './scenarios/bench.js';
import { claim } from './scenarios/check.js';
import { measureTraffic } from './scenarios/measure.js';
import type { Place } from './scenarios/measurement.js';
import { STEPS, type Step } from './scenarios/steps.js';

/**
 * The command: compares what a claim costs, in processor time, on another commit and on this working tree.
 * Both servers run at the same time, each with its own PostgreSQL, and take turns in short blocks. So what
 * else the machine does meets both. Two starts of one build differ, too: servers start again and again.
 */

const MODES = ['hot', 'spread', 'sold-out'] as const;
type Mode = (typeof MODES)[number];

interface Block {
  mode: Mode;
  start: number;
  /**
   * Microseconds of processor time per answer: of the server, and of PostgreSQL. Of the other commit, and of
   * this.
   */
  serverUs: [number, number];
  databaseUs: [number, number];
}

const command = new Command('npm run bench:compare --')
  .description('Compares the processor time of a claim on another commit and on the working tree.')
  .argument('<commit>', 'the commit to compare with')
  .addArgument(new Argument('[scenarios...]', 'hot and spread by default').choices(MODES))
  .option('--starts <count>', 'how often to start both servers', atLeast(1), 4)
  .option('--blocks <count>', 'how often each server takes its turn per start and scenario', atLeast(1), 10)
  .option('--seconds <seconds>', 'how long a block takes, after a warm-up of the same length', atLeast(1), 1)
  .addOption(new Option('--load <program>').choices(['autocannon', 'wrk']).default('wrk'))
  .parse();
const [commit = '', ...names] = command.args;
const modes = (names.length > 0 ? names : ['hot', 'spread']) as Mode[];
const { starts, blocks, seconds, load } = command.opts();
if (load === 'wrk' && !(await hasWrk())) command.error('wrk is not on the PATH: use --load autocannon');
const options = { scenarios: modes, durationSeconds: seconds, warmupSeconds: seconds, load } as Options;

const signal = abortOnSignal();
const git = (...args: string[]) => promisify(execFile)('git', args, { cwd: projectRoot });
const temporary = await makeTemporaryFolder('coupons-compare-');
const other = join(temporary.folder, 'other');
const measured: Block[] = [];
try {
  await git('worktree', 'add', '--detach', other, commit);
  const otherServer = await compile(other);
  const ownServer = join(import.meta.dirname, '../src/server.js');
  for (let start = 1; start <= starts; start++) {
    console.error(`start ${start} of ${starts}`);
    await compare(start, [otherServer, ownServer]);
  }
  console.log(`${commit} -> ${await readCommit()}; ${describeMachine()}`);
  console.log(
    `${starts} starts, ${blocks} blocks of ${seconds} s, ${load}. Processor time in µs per claim:\n`,
  );
  for (const mode of modes) console.log(describe(mode));
} catch (error) {
  process.exitCode = 1;
  if (!signal.aborted) console.error(error);
} finally {
  await git('worktree', 'remove', '--force', other).catch(() => {});
  await temporary.remove();
}
process.exit();

/** @returns the path of the server, compiled by esbuild without a check of types. */
async function compile(folder: string): Promise<string> {
  await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
  const compiled = {
    outbase: '.',
    outdir: 'dist',
    format: 'esm',
    platform: 'node',
    target: 'node20',
  } as const;
  await build({ ...compiled, absWorkingDir: folder, entryPoints: ['src/**/*.ts', 'db/**/*.ts'] });
  return join(folder, 'dist/src/server.js');
}

async function compare(start: number, programs: [string, string]): Promise<void> {
  const benches = await Promise.all(programs.map((program) => startBuild(program)));
  try {
    for (const mode of modes) {
      for (let round = 1; round <= blocks; round++) {
        const order = round % 2 ? [0, 1] : [1, 0];
        const block: Block = { mode, start, serverUs: [0, 0], databaseUs: [0, 0] };
        for (const i of order) {
          const bench = benches[i]!;
          await measureBlock(bench, mode, { server: i === 0 ? commit : 'working tree', round });
          const { serverCpuUs, databaseCpuUs } = bench.measurements.at(-1)!;
          block.serverUs[i] = serverCpuUs!;
          block.databaseUs[i] = databaseCpuUs!;
        }
        measured.push(block);
      }
    }
  } finally {
    await Promise.all(benches.map((bench) => bench.stop()));
  }
}

/** Checks the books of the working tree only: the other commit may have tables that they do not know. */
async function measureBlock(bench: Bench, mode: Mode, place: Pick<Place, 'server' | 'round'>): Promise<void> {
  const step: Step = STEPS[mode];
  const traffic = newTraffic(step);
  const server = await bench.server('engine');
  const books = server.books!;
  await books.createCoupons(traffic, step.amount);
  if (step.isSoldOut) await claim(server.url, { ...traffic, userPrefix: 'first-' });
  const checked = place.server === commit ? { ...server, books: null } : server;
  await measureTraffic(bench, checked, traffic, step, { axis: 'Scenario', label: mode, ...place });
  await books.clear();
}

async function startBuild(program: string): Promise<Bench> {
  const database = await startEmptyDatabase();
  const server = await startServer(
    'engine',
    database,
    database.folder,
    signal,
    { LOG_LEVEL: 'warn' },
    program,
  );
  const stop = () => server.stop().finally(database.stop);
  return { options, signal, database, redis: null, measurements: [], server: async () => server, stop };
}

function describe(mode: Mode): string {
  const of = (blocks: Block[]) => {
    const sum = ({ serverUs, databaseUs }: Block, i: 0 | 1) => serverUs[i] + databaseUs[i];
    return median(blocks.map((block) => sum(block, 1) / sum(block, 0)))!.toFixed(3);
  };
  const own = measured.filter((block) => block.mode === mode);
  const part = (name: 'serverUs' | 'databaseUs') =>
    ([0, 1] as const).map((i) => median(own.map((block) => block[name][i]))!.toFixed(1)).join(' -> ');
  const each = Array.from({ length: starts }, (_, i) => of(own.filter(({ start }) => start === i + 1)));
  return `${mode.padEnd(9)} server ${part('serverUs')}, PostgreSQL ${part('databaseUs')}, sum × ${of(own)} (starts: ${each.join(', ')})`;
}
