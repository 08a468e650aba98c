import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { hasWrk } from './load/wrk.js';
import { SCENARIOS, type ScenarioName } from './scenarios/steps.js';

/** What to measure, and how. */
export interface Options {
  scenarios: ScenarioName[];
  url?: string;
  databaseUrl?: string;
  durationSeconds: number;
  warmupSeconds: number;
  rounds: number;
  /** Absent: each scenario chooses. */
  connections?: number;
  /** Requests per second of an open loop. Absent: a closed loop. */
  rate?: number;
  load: 'autocannon' | 'wrk';
  quick: boolean;
}

const HELP = `
Scenarios
${Object.entries(SCENARIOS)
  .map(([name, about]) => `  ${name.padEnd(13)}${about}`)
  .join('\n')}

Peers: row-lock (a transaction per claim), statement (a statement per claim), redis (a script in Redis; needs a
redis-server on the PATH or in REDIS_SERVER), ceiling (accepts every claim without a database), refusal (refuses
every claim without a database).

Nothing else needs to be installed: the benchmark runs an embedded PostgreSQL in a temporary folder (set TMPDIR to choose
where). Results go to bench/results.
Exit codes: 0 done, 1 a claim is wrong or something failed, 2 wrong usage, 130 stopped by Ctrl-C.
`;

/** Reads the command line. Ends the process if it asks for help or makes no sense. */
export async function readOptions(): Promise<Options> {
  const names = Object.keys(SCENARIOS);
  const command = new Command('npm run bench --')
    .description('Measures the service beside peers that decide claims in other ways, and checks all claims.')
    .addArgument(new Argument('[scenarios...]', 'by default all, in about 40 minutes').choices(names))
    .addOption(
      new Option('--quick', 'durations of 1.5 s, warm-ups of 0.7 s, 2 rounds, less growth, no verdicts')
        .implies({ duration: 1.5, warmup: 0.7, rounds: 2 })
        .default(false),
    )
    .option('--duration <seconds>', 'how long to measure each step', atLeast(0.5, false), 8)
    .option('--warmup <seconds>', 'how long to run each step before that', atLeast(0, false), 2)
    .option('--rounds <count>', 'how often to repeat each comparison', atLeast(1), 5)
    .option('--connections <count>', 'open connections (100; flash-sale 1,000; single always 1)', atLeast(1))
    .option('--rate <per second>', 'send requests at this rate, however slow the answers are', atLeast(1))
    .addOption(
      new Option('--load <program>', 'wrk, if it is installed, takes less processor time')
        .choices(['autocannon', 'wrk'])
        .default('autocannon'),
    )
    .option('--url <url>', 'measure a server that runs already, without peers and growth', httpOrigin)
    .option('--database-url <url>', 'its database, to create coupons and check claims in: the coupons stay')
    .addHelpText('after', HELP)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .parse();
  const { duration, warmup, ...given } = command.opts();
  const all = names.filter((name) => !(given['url'] && needsServers(name)));
  const scenarios = command.args.length > 0 ? command.args : all;
  const options = { ...given, scenarios, durationSeconds: duration, warmupSeconds: warmup } as Options;
  const impossible = await findImpossible(options);
  if (impossible) command.error(impossible);
  return options;
}

function needsServers(scenario: string): boolean {
  return scenario === 'overload' || scenario === 'growth';
}

export const atLeast =
  (minimum: number, isWhole = true) =>
  (text: string) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value >= minimum && (isWhole ? Number.isInteger(value) : Number.isFinite(value))) return value;
    throw new InvalidArgumentError(
      `It must be ${isWhole ? 'a whole number' : 'a number'} of at least ${minimum}.`,
    );
  };

function httpOrigin(text: string): string {
  if (URL.canParse(text) && text.startsWith('http://')) return new URL(text).origin;
  throw new InvalidArgumentError('It must be an http:// URL.');
}

/** Says why this cannot be measured. Undefined: it can. */
async function findImpossible(options: Options): Promise<string | undefined> {
  const { scenarios, url, databaseUrl, rate, load } = options;
  const timed = scenarios.find((name) => ['flash-sale', 'latency', 'overload', 'growth'].includes(name));
  const own = scenarios.find(needsServers);
  if (url && own) return `--url does not go with ${own}, which starts servers of its own`;
  if (!url !== !databaseUrl) return '--url and --database-url need each other';
  if (rate && timed) return `--rate does not go with ${timed}: name other scenarios`;
  if (load === 'wrk' && !(await hasWrk())) return '--load wrk: wrk is not on the PATH';
  return undefined;
}
