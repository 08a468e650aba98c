import { median } from '../median.js';
import type { Measurement, Place } from '../scenarios/measurement.js';
import { FIGURES, type Figure, type Results, rowsOf } from './results.js';

/** Describes a run in Markdown that is readable in a terminal too. */
export function describe(results: Results): string {
  const parts = [...describeRun(results), verdictTable(results)];
  for (const axis of [
    'Scenario',
    'Open loop',
    'Overload',
    'Claims in the table',
    'Coupons',
    'Connections',
  ] as const) {
    parts.push(axisTable(axis, results.measurements));
    if (axis === 'Scenario') parts.push(describeFlashSale(results));
  }
  return parts.filter(Boolean).join('\n\n');
}

/** The table of the measurements of an axis. Empty: there are none. */
export function axisTable(axis: Place['axis'], measurements: Measurement[]): string {
  const figures = Object.keys(FIGURES) as Figure[];
  const cells = rowsOf(measurements.filter((one) => one.axis === axis)).map(({ label, server, medianOf }) => [
    label,
    server,
    ...figures.map(medianOf).map(format),
  ]);
  return table([axis, 'Server', ...Object.values(FIGURES)], cells, 2);
}

/** Writes a table whose first columns are on the left, the others on the right. Empty: there are no rows. */
export function table(head: string[], rows: string[][], onTheLeft: number): string {
  if (rows.length === 0) return '';
  const widths = head.map((title, i) => Math.max(3, title.length, ...rows.map((row) => row[i]!.length)));
  const pad = (cell: string, i: number) =>
    i < onTheLeft ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!);
  const rule = widths.map((width, i) => '-'.repeat(width - 1) + (i < onTheLeft ? '-' : ':'));
  return [head, rule, ...rows].map((row) => `| ${row.map(pad).join(' | ')} |`).join('\n');
}

function describeRun({
  startedAt,
  machine,
  commit,
  postgres,
  redis,
  options,
  tookMinutes,
}: Results): string[] {
  const { url, rate, load, rounds, durationSeconds, warmupSeconds, quick } = options;
  const peer = redis ? `, ${redis} (appendonly yes, appendfsync always)` : '';
  const measured = postgres
    ? `commit ${commit || 'unknown'}, PostgreSQL ${postgres} (fsync on, wal_init_zero off)${peer}. Server, database and load on ${machine}`
    : `the server at ${url}. The load on ${machine}`;
  const loop = rate ? `Open loop, ${rate} requests/s` : `Closed loop by ${load}`;
  const took = `The run took ${tookMinutes.toFixed(1)} minutes.`;
  return [
    `${startedAt.slice(0, 10)}: ${measured}.`,
    `${loop}. Rounds: ${rounds}, of ${durationSeconds} s each after ${warmupSeconds} s of warm-up. Figures are medians. ${took}`,
    quick ? 'A quick run is for a first look, not for comparisons.' : '',
  ];
}

function verdictTable({ verdicts }: Results): string {
  const rows = verdicts.map(({ what, value, rounds, sign, limit, isMet }) => [
    what,
    format(value),
    rounds.length > 1 ? `${format(Math.min(...rounds))} – ${format(Math.max(...rounds))}` : '',
    `${sign} ${limit}`,
    isMet ? 'met' : '**missed**',
  ]);
  return table(['Comparison', 'Median', 'Rounds', 'Wanted', ''], rows, 1);
}

function describeFlashSale({ measurements }: Results): string {
  const bursts = measurements.flatMap(({ label, answers, seconds, lastSuccess: last }) => {
    if (label !== 'flash-sale' || !last) return [];
    const restSeconds = seconds - last.afterMs / 1000;
    return [[last.afterMs, (last.answers * 1000) / last.afterMs, (answers - last.answers) / restSeconds]];
  });
  if (bursts.length === 0) return '';
  const [soldOutMs, until, after] = [0, 1, 2].map((i) => format(median(bursts.map((burst) => burst[i]!))));
  return `Flash sale: 1,000 units sell out in ${soldOutMs} ms, at ${until} answers/s. After that: ${after} answers/s.`;
}

/** Writes a figure with three significant digits, or as a whole number. */
function format(value: number | null): string {
  if (value === null) return '–';
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value.toPrecision(value < 0.1 ? 2 : 3);
}
