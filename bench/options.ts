import { parseArgs } from 'node:util';
import { hasWrk } from './load/wrk.js';
import { connectionsMax } from './rig/environment.js';
import { SCENARIOS, type ScenarioName } from './scenarios/steps.js';

/** What to measure, and how. */
export interface Options {
  scenarios: ScenarioName[];
  url: string | null;
  databaseUrl: string | null;
  durationSeconds: number;
  warmupSeconds: number;
  rounds: number;
  /** Null: each scenario chooses. */
  connections: number | null;
  /** Requests per second of an open loop. Null: a closed loop. */
  rate: number | null;
  load: 'autocannon' | 'wrk';
  quick: boolean;
}

const QUICK = { durationSeconds: 1.5, warmupSeconds: 0.7, rounds: 2 };
const FULL = { durationSeconds: 8, warmupSeconds: 2, rounds: 5 };

export const HELP = `Measures the service beside peers that decide claims another way. Checks all claims after each step.

  npm run bench                            everything, in about 19 minutes
  npm run bench -- --quick                 everything, in about 3 minutes: for a first look, without verdicts
  npm run bench -- hot spread              these scenarios only
  npm run bench -- hot --url http://host:3000 --database-url postgres://…

Scenarios
${Object.entries(SCENARIOS)
  .map(([name, about]) => `  ${name.padEnd(13)}${about}`)
  .join('\n')}

Peers: row-lock (a transaction per claim), statement (a statement per claim), ceiling (accepts every claim without
a database), refusal (refuses every claim without a database).

Options
  --quick               short steps, few rounds, growth up to 100,000 claims
  --duration <seconds>  how long to measure each step (${FULL.durationSeconds}; quick ${QUICK.durationSeconds})
  --warmup <seconds>    how long to run each step before that (${FULL.warmupSeconds}; quick ${QUICK.warmupSeconds})
  --rounds <count>      how often to repeat each comparison (${FULL.rounds}; quick ${QUICK.rounds})
  --connections <count> open connections (100; flash-sale 1,000; single always 1)
  --rate <per second>   send requests at this rate, however slow the answers are (open loop)
  --load <program>      autocannon, or wrk if it is installed: wrk takes less processor time
  --url <url>           measure a server that runs already, without peers and growth.
                        The benchmark creates coupons there, which stay.
  --database-url <url>  the database of that server, to check claims in. Otherwise, the API shows them.
  --help                show this text

Nothing needs to be installed: the benchmark runs an embedded PostgreSQL in a temporary folder (set TMPDIR to choose
where). Results go to bench/results.
Exit codes: 0 done, 1 a claim is wrong or something failed, 2 wrong usage, 130 stopped by Ctrl-C.
`;

/** The command line makes no sense. */
export class UsageError extends Error {}

/**
 * @returns null when the user asks for help.
 * @throws UsageError
 */
export async function readOptions(args: string[]): Promise<Options | null> {
  const { values, positionals } = parse(args);
  if (values.help) return null;
  const defaults = values.quick ? QUICK : FULL;
  const all = Object.keys(SCENARIOS).filter((name) => name !== 'growth' || !values.url);
  const options: Options = {
    scenarios: (positionals.length > 0 ? positionals : all) as ScenarioName[],
    url: values.url === undefined ? null : httpOrigin(values.url),
    databaseUrl: values['database-url'] ?? null,
    durationSeconds: atLeast(0.5, '--duration', values.duration) ?? defaults.durationSeconds,
    warmupSeconds: atLeast(0, '--warmup', values.warmup) ?? defaults.warmupSeconds,
    rounds: atLeast(1, '--rounds', values.rounds) ?? defaults.rounds,
    connections: atLeast(1, '--connections', values.connections),
    rate: atLeast(1, '--rate', values.rate),
    load: (values.load ?? 'autocannon') as Options['load'],
    quick: values.quick ?? false,
  };
  await refuseImpossible(options);
  return options;
}

function parse(args: string[]) {
  const flag = { type: 'boolean' } as const;
  const text = { type: 'string' } as const;
  const steps = { duration: text, warmup: text, rounds: text, connections: text, rate: text, load: text };
  const options = { help: flag, quick: flag, url: text, 'database-url': text, ...steps };
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    // The second sentence is about Node.js.
    throw new UsageError((error as Error).message.split('. ')[0]);
  }
}

function atLeast(minimum: number, name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  const isSeconds = name === '--duration' || name === '--warmup';
  const isValid = text.trim() !== '' && (isSeconds ? Number.isFinite(value) : Number.isInteger(value));
  if (isValid && value >= minimum) return value;
  const kind = isSeconds ? 'a number' : 'a whole number';
  throw new UsageError(`${name} must be ${kind} of at least ${minimum}, not ${text}`);
}

function httpOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'http:') throw new UsageError(`--url must be an http:// URL, not ${text}`);
  return url.origin;
}

async function refuseImpossible(options: Options): Promise<void> {
  const { scenarios, url, databaseUrl, rate, load, connections } = options;
  const refuseIf = (isImpossible: boolean, why: string) => {
    if (isImpossible) throw new UsageError(why);
  };
  const names = Object.keys(SCENARIOS);
  const unknown = scenarios.find((name) => !names.includes(name)) ?? '';
  const unfit = scenarios.find((name) => ['flash-sale', 'latency', 'growth'].includes(name)) ?? '';
  const most = await connectionsMax();
  refuseIf(unknown !== '', `unknown scenario ${unknown}: there are ${names.join(', ')}`);
  refuseIf(url !== null && scenarios.includes('growth'), '--url does not go with growth: it fills the table');
  refuseIf(url === null && databaseUrl !== null, '--database-url needs --url');
  refuseIf(rate !== null && unfit !== '', `--rate does not go with ${unfit}: name other scenarios`);
  refuseIf(!['autocannon', 'wrk'].includes(load), `--load must be autocannon or wrk, not ${load}`);
  refuseIf(load === 'wrk' && !(await hasWrk()), '--load wrk: wrk is not on the PATH');
  refuseIf((connections ?? 0) > most, `--connections ${connections}: ulimit -n allows for ${most}`);
}
