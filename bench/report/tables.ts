import { median } from '../median.js';
import { FIGURES, type Figure, type Results, rowsOf } from './results.js';

/** A paragraph, or a table whose first row is its head. */
export type Part = string | string[][];

/** What a run found out, for readers. */
export function partsOf(results: Results): Part[] {
  const parts: Part[] = describeRun(results);
  if (results.verdicts.length > 0) parts.push(verdictTable(results));
  for (const axis of ['Scenario', 'Load', 'Claims in the table', 'Coupons', 'Connections'] as const) {
    const rows = rowsOf(results.measurements.filter((one) => one.axis === axis));
    if (rows.length === 0) continue;
    if (axis === 'Load')
      parts.push('An open loop, with latency from the moment a claim was due. 100 % is the capacity.');
    const figures = Object.keys(FIGURES) as Figure[];
    const cells = rows.map((row) => [row.label, row.server, ...figures.map((figure) => format(row[figure]))]);
    parts.push([[axis, 'Server', ...Object.values(FIGURES)], ...cells]);
    if (axis === 'Scenario') parts.push(...describeFlashSale(results));
  }
  return parts;
}

/** Writes tables in Markdown, aligned for a terminal too. */
export function toMarkdown(part: Part): string {
  if (typeof part === 'string') return part;
  const [head = [], ...rows] = part;
  const columns = head.map((title, i) => ({
    width: Math.max(3, title.length, ...rows.map((row) => row[i]!.length)),
    isNumeric: rows.every((row) => /^[\d–]/.test(row[i]!)),
  }));
  const line = (row: string[]) => {
    const pad = (cell: string, i: number) =>
      columns[i]!.isNumeric ? cell.padStart(columns[i]!.width) : cell.padEnd(columns[i]!.width);
    return `| ${row.map(pad).join(' | ')} |`;
  };
  const rule = columns.map(({ isNumeric, width }) => '-'.repeat(width - 1) + (isNumeric ? ':' : '-'));
  return [head, rule, ...rows].map(line).join('\n');
}

function describeRun({ startedAt, machine, commit, postgres, options, tookMinutes }: Results): string[] {
  const { url, rate, load, rounds, durationSeconds, warmupSeconds, quick } = options;
  const measured = postgres
    ? `commit ${commit || 'unknown'}, PostgreSQL ${postgres} (fsync on, wal_init_zero off). Server, database and load on ${machine}`
    : `the server at ${url}. The load on ${machine}`;
  const loop = rate ? `Open loop, ${rate} requests/s` : `Closed loop by ${load}`;
  const took = `The run took ${tookMinutes.toFixed(1)} minutes.`;
  return [
    `${startedAt.slice(0, 10)}: ${measured}.`,
    `${loop}. Rounds: ${rounds}, of ${durationSeconds} s each after ${warmupSeconds} s of warm-up. Figures are medians. ${took}`,
    ...(quick ? ['A quick run is for a first look, not for comparisons.'] : []),
  ];
}

function verdictTable({ verdicts }: Results): string[][] {
  const rows = verdicts.map(({ what, value, rounds, unit, limit, isFloor, isMet }) => [
    what,
    `${format(value)} ${unit}`.trim(),
    rounds.length > 1 ? `${format(Math.min(...rounds))} – ${format(Math.max(...rounds))}` : '',
    `${isFloor ? '≥' : '≤'} ${limit} ${unit}`.trim(),
    isMet ? 'met' : '**missed**',
  ]);
  return [['Comparison', 'Median', 'Rounds', 'Wanted', ''], ...rows];
}

function describeFlashSale({ measurements }: Results): string[] {
  const bursts = measurements.flatMap((one) => (one.burst ? [{ ...one, ...one.burst }] : []));
  if (bursts.length === 0) return [];
  const medianOf = (figure: (one: (typeof bursts)[number]) => number) => format(median(bursts.map(figure)));
  const soldOutMs = medianOf((one) => one.soldOutMs);
  const until = medianOf((one) => (one.answersUntilSoldOut * 1000) / one.soldOutMs);
  const after = medianOf(
    (one) => (one.answers - one.answersUntilSoldOut) / (one.seconds - one.soldOutMs / 1000),
  );
  return [
    `Flash sale: 1,000 units sell out in ${soldOutMs} ms, at ${until} answers/s. After that: ${after} answers/s.`,
  ];
}

/** Writes a figure with three significant digits, or as a whole number. */
function format(value: number | null): string {
  if (value === null) return '–';
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value.toPrecision(value < 0.1 ? 2 : 3);
}
