import type { Environment } from './environment.js';
import type { Growth } from './growth.js';
import type { LatencyByLoad } from './latency.js';
import type { Measurement } from './measure.js';
import type { Options } from './options.js';
import { median, type Verdict } from './verdicts.js';

/** All that a run has come to. */
export interface Results {
  startedAt: string;
  tookSeconds: number;
  environment: Environment;
  options: Omit<Options, 'databaseUrl'>;
  rounds: Measurement[][];
  latency: LatencyByLoad | null;
  growth: Growth | null;
  verdicts: Verdict[];
}

/** The rounds of one scenario on one server. */
export interface Group {
  label: string;
  server: Measurement['server'];
  measurements: Measurement[];
}

export function groups(rounds: Measurement[][]): Group[] {
  const found = new Map<string, Group>();
  for (const measurement of rounds.flat()) {
    const { label, server } = measurement;
    const key = `${label} ${server}`;
    const group = found.get(key) ?? { label, server, measurements: [] };
    found.set(key, group);
    group.measurements.push(measurement);
  }
  return [...found.values()];
}

export function medianOf(
  measurements: Measurement[],
  figure: (measurement: Measurement) => number | null | undefined,
) {
  return median(measurements.flatMap((measurement) => figure(measurement) ?? [])) ?? null;
}

/** Three digits that count. */
export function round(value: number | null): string {
  if (value === null) return '–';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return value.toPrecision(value < 0.1 ? 2 : 3);
}

/** How a run was made, in a sentence or two. */
export function describe({ environment, options, startedAt, tookSeconds }: Results): string {
  const { processor, cores, memoryGiB, system, node, postgres, commit, loadBefore } = environment;
  const shared = postgres ? ', shared by the load, the server and the database' : '';
  // What a server that runs already was made of, nobody knows here.
  const version = postgres && commit ? `commit ${commit}, ` : '';
  const database = postgres
    ? `PostgreSQL ${postgres} (fsync on, wal_init_zero off)`
    : `the server at ${options.url}`;
  const load = options.rate ? `Open loop, ${options.rate} a second` : `Closed loop by ${options.load}`;
  return [
    `${startedAt.slice(0, 10)}, ${version}${processor} (${cores} cores${shared}), ${memoryGiB} GiB, ${system}, Node ${node}, ${database}.`,
    `${load}; rounds: ${options.rounds}, of ${options.durationSeconds} s each after ${options.warmupSeconds} s of warm-up; figures are medians. It took ${(tookSeconds / 60).toFixed(1)} minutes; load average before it ${loadBefore.toFixed(1)}.`,
    ...(options.quick ? ['A quick run: for a first look, not for comparisons.'] : []),
  ].join('\n');
}

/** The tables as Markdown, aligned so that they read well in a terminal too. */
export function tables(results: Results): string {
  const { rounds, latency, growth, verdicts } = results;
  const parts: string[] = [describe(results)];
  if (verdicts.length > 0) {
    parts.push(
      table(
        ['Comparison', 'Median', 'Rounds', 'Wanted', ''],
        verdicts.map(({ what, value, rounds, unit, limit, isFloor, isMet }) => [
          what,
          `${round(value)} ${unit}`.trim(),
          rounds.length > 1 ? `${round(Math.min(...rounds))} – ${round(Math.max(...rounds))}` : '',
          `${isFloor ? '≥' : '≤'} ${limit} ${unit}`.trim(),
          isMet ? 'met' : '**missed**',
        ]),
      ),
    );
  }
  if (rounds.length > 0) {
    parts.push(
      measurementTable(
        'Scenario',
        groups(rounds).map(({ label, server, measurements }) => [label, server, measurements]),
      ),
    );
  }
  const bursts = rounds.flat().flatMap(({ burst, answers }) => (burst ? [{ ...burst, answers }] : []));
  if (bursts.length > 0) {
    const figure = (of: (burst: (typeof bursts)[number]) => number) => round(median(bursts.map(of)) ?? null);
    parts.push(
      `Flash sale: 1,000 units sold out ${figure((burst) => burst.soldOutMs)} ms after the start; ${figure((burst) => (burst.answersUntilSoldOut * 1000) / burst.soldOutMs)} answers/s until then, ${figure((burst) => ((burst.answers - burst.answersUntilSoldOut) * 1000) / (burst.totalMs - burst.soldOutMs))} after it.`,
    );
  }
  if (latency) {
    parts.push(
      `Latency at fixed rates (open loop, from the moment at which a claim was due); capacity ${round(latency.capacity)} claims/s.`,
      measurementTable(
        'Load',
        latency.points.map(({ share, measurements }) => [`${share * 100} %`, 'engine', measurements]),
      ),
    );
  }
  if (growth) {
    parts.push(
      measurementTable('Growth', [
        ...growth.rows.flatMap(({ size, full, empty }): [string, string, Measurement[]][] => [
          [`${size.toLocaleString('en')} claims in the table`, 'engine', full],
          ['… none, in the same minute', 'engine', empty],
        ]),
        ...growth.coupons.map(({ size, full }): [string, string, Measurement[]] => [
          `${size.toLocaleString('en')} coupon(s)`,
          'engine',
          full,
        ]),
        ...growth.connections.flatMap(({ size, full, ceiling }): [string, string, Measurement[]][] => [
          [`${size.toLocaleString('en')} connections`, 'engine', full],
          ['… no database', 'ceiling', ceiling],
        ]),
      ]),
    );
  }
  return parts.join('\n\n');
}

function measurementTable(first: string, rows: [string, string, Measurement[]][]): string {
  return table(
    [
      first,
      'Server',
      'Answers/s',
      'p50 ms',
      'p99 ms',
      'p99.9 ms',
      'CPU µs server',
      'CPU µs PostgreSQL',
      'Server MiB',
    ],
    rows.map(([label, server, measurements]) => [
      label,
      server,
      round(medianOf(measurements, ({ perSecond }) => perSecond)),
      round(medianOf(measurements, ({ latencyMs }) => latencyMs.p50)),
      round(medianOf(measurements, ({ latencyMs }) => latencyMs.p99)),
      round(medianOf(measurements, ({ latencyMs }) => latencyMs.p999)),
      round(medianOf(measurements, ({ cpuUsPerAnswer }) => cpuUsPerAnswer?.server)),
      round(medianOf(measurements, ({ cpuUsPerAnswer }) => cpuUsPerAnswer?.database)),
      round(medianOf(measurements, ({ residentPeakMiB }) => residentPeakMiB)),
    ]),
  );
}

function table(head: string[], rows: string[][]): string {
  const isNumeric = (column: number) => rows.every((row) => /^[\d–]/.test(row[column] ?? ''));
  const widths = head.map((title, i) =>
    Math.max(3, ...[title, ...rows.map((row) => row[i] ?? '')].map((text) => text.length)),
  );
  const line = (cells: string[]) =>
    `| ${cells.map((text, i) => (isNumeric(i) ? text.padStart(widths[i]!) : text.padEnd(widths[i]!))).join(' | ')} |`;
  const rule = widths.map((width, i) => (isNumeric(i) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}
