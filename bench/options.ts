import { parseArgs } from 'node:util';

export const SCENARIOS = {
  hot: 'one coupon whose stock never ends; with row-lock, statement and ceiling beside it',
  spread: '1,000 coupons; with ceiling',
  'sold-out':
    'claims for a coupon that is sold out; with ceiling, and refusal, which refuses without a database',
  single: 'one connection: the latency of a lone claim; with statement',
  'flash-sale': '100,000 users, 1,000 units, one burst: how long until it is sold out',
  'double-dip': 'the same 50 users again and again',
  mixed: '8 reads to 2 claims, 10,000 coupons with few holders each',
  latency: 'claims at 25, 50 and 80 % of the capacity, at a fixed rate (open loop)',
  growth: 'with 0 to 5 million claims in the table, 1 to 1,000 coupons, 10 to 5,000 connections',
} as const;

export type ScenarioName = keyof typeof SCENARIOS;

/** What the user asked for. */
export interface Options {
  scenarios: ScenarioName[];
  url: string | null;
  databaseUrl: string | null;
  durationSeconds: number;
  warmupSeconds: number;
  rounds: number;
  /** Null: as each scenario has it. */
  connections: number | null;
  rate: number | null;
  load: 'autocannon' | 'wrk';
  quick: boolean;
}

const QUICK = { duration: 1.5, warmup: 0.7, rounds: 2 };
const FULL = { duration: 8, warmup: 2, rounds: 5 };

export const HELP = `Measures the service, beside peers that do the same another way, and checks the books after each step.

  npm run bench                            everything, in about 19 minutes
  npm run bench -- --quick                 everything in about 3 minutes, roughly
  npm run bench -- hot spread              these scenarios only
  npm run bench -- hot --url http://host:3000 --database-url postgres://…

Scenarios
${Object.entries(SCENARIOS)
  .map(([name, text]) => `  ${name.padEnd(13)}${text}`)
  .join('\n')}

Options
  --quick               short steps, few rounds, growth up to 100,000 claims
  --duration <seconds>  measured time of a step (${FULL.duration}; quick ${QUICK.duration})
  --warmup <seconds>    time before it that does not count (${FULL.warmup}; quick ${QUICK.warmup})
  --rounds <count>      how often each comparison is repeated (${FULL.rounds}; quick ${QUICK.rounds})
  --connections <count> at the same time (100; flash-sale 1,000; always 1 in single)
  --rate <per second>   an open loop at this rate instead of a closed one
  --load <program>      autocannon, or wrk if it is installed: it takes less of the processor
  --url <url>           a server that runs already, instead of one of our own; without peers and growth.
                        It gets new coupons, which stay there
  --database-url <url>  its database, to check the books in; without it they are checked through the API
  --help

It needs nothing but the checkout: the database is an embedded PostgreSQL in a temporary folder (TMPDIR says
where). Results go to bench/results. Exit codes: 0 done, 1 a claim was wrong or something failed, 2 wrong usage.
`;

/** The command line makes no sense. */
export class UsageError extends Error {}

/**
 * @returns undefined when help is asked for.
 * @throws UsageError
 */
export function readOptions(args: string[]): Options | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  const scenarios = positionals.map((name) => {
    if (!Object.hasOwn(SCENARIOS, name)) {
      throw new UsageError(`no scenario is called ${name}: there are ${Object.keys(SCENARIOS).join(', ')}`);
    }
    return name as ScenarioName;
  });
  const number = (name: 'duration' | 'warmup' | 'rounds' | 'connections' | 'rate', minimum: number) => {
    const text = values[name];
    if (text === undefined) return undefined;
    const value = Number(text);
    const isWhole = name === 'duration' || name === 'warmup' || Number.isInteger(value);
    if (!(value >= minimum && isWhole && Number.isFinite(value) && text.trim())) {
      throw new UsageError(`--${name} must be a number from ${minimum}, not ${text}`);
    }
    return value;
  };
  const fallback = values.quick ? QUICK : FULL;
  const options: Options = {
    scenarios:
      scenarios.length > 0
        ? [...new Set(scenarios)]
        : (Object.keys(SCENARIOS) as ScenarioName[]).filter((name) => name !== 'growth' || !values.url),
    url: httpUrl(values.url),
    databaseUrl: values['database-url'] ?? null,
    durationSeconds: number('duration', 0.5) ?? fallback.duration,
    warmupSeconds: number('warmup', 0) ?? fallback.warmup,
    rounds: number('rounds', 1) ?? fallback.rounds,
    connections: number('connections', 1) ?? null,
    rate: number('rate', 1) ?? null,
    load: load(values.load ?? 'autocannon'),
    quick: values.quick ?? false,
  };
  refuseContradictions(options);
  return options;
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: 'boolean' },
        quick: { type: 'boolean' },
        url: { type: 'string' },
        'database-url': { type: 'string' },
        duration: { type: 'string' },
        warmup: { type: 'string' },
        rounds: { type: 'string' },
        connections: { type: 'string' },
        rate: { type: 'string' },
        load: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split('. ')[0] as string) : String(error));
  }
}

function httpUrl(text: string | undefined): string | null {
  if (text === undefined) return null;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:') throw new UsageError(`--url must be an http:// URL, not ${text}`);
  return url.origin;
}

function load(name: string): Options['load'] {
  if (name !== 'autocannon' && name !== 'wrk')
    throw new UsageError(`--load is autocannon or wrk, not ${name}`);
  return name;
}

function refuseContradictions({ scenarios, url, databaseUrl, rate }: Options): void {
  if (url && scenarios.includes('growth'))
    throw new UsageError('growth fills the database: it works without --url only');
  if (databaseUrl && !url) throw new UsageError('--database-url goes with --url');
  const unfit = scenarios.find((name) => ['flash-sale', 'latency', 'growth'].includes(name));
  if (rate && unfit) throw new UsageError(`--rate does not go with ${unfit}: name other scenarios`);
}
