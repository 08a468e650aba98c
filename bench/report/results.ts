import { median } from '../median.js';
import type { Options } from '../options.js';
import { type Measurement, nameOf } from '../scenarios/measurement.js';
import type { Verdict } from './verdicts.js';

/** Everything that a run found out. */
export interface Results {
  startedAt: string;
  tookMinutes: number;
  machine: string;
  commit: string;
  /** The version of PostgreSQL. Null: the server runs elsewhere. */
  postgres: string | null;
  /** The name and version of the Redis there is. Null: there is none. */
  redis: string | null;
  /** Without the URL of the database, which may hold a password. */
  options: Omit<Options, 'databaseUrl'>;
  measurements: Measurement[];
  /** Empty after a quick run, which is not for comparisons. */
  verdicts: Verdict[];
}

/** The figures of a measurement, with their names in tables and charts. */
export const FIGURES = {
  perSecond: 'Answers/s',
  p50Ms: 'p50 ms',
  p99Ms: 'p99 ms',
  p999Ms: 'p99.9 ms',
  serverCpuUs: 'CPU µs server',
  databaseCpuUs: 'CPU µs database',
  serverMiB: 'Server MiB',
} as const;

export type Figure = keyof typeof FIGURES;
export type Row = ReturnType<typeof rowsOf>[number];

/** Groups the rounds of each step on each server. Null: a figure is unknown. */
export function rowsOf(measurements: Measurement[]) {
  return [...new Set(measurements.map(nameOf))].map((name) => {
    const rounds = measurements.filter((one) => nameOf(one) === name);
    const { axis, label, server } = rounds[0]!;
    const medianOf = (figure: Figure) => median(rounds.flatMap((one) => one[figure] ?? []));
    return { axis, label, server, rounds, medianOf };
  });
}
