import { median } from '../median.js';
import type { Options } from '../options.js';
import { type Measurement, nameOf, type Place } from '../scenarios/measure.js';
import type { Verdict } from './verdicts.js';

/** Everything that a run found out. */
export interface Results {
  startedAt: string;
  tookMinutes: number;
  machine: string;
  commit: string;
  /** The version of PostgreSQL. Null: the server runs elsewhere. */
  postgres: string | null;
  options: Options;
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
  databaseCpuUs: 'CPU µs PostgreSQL',
  serverMiB: 'Server MiB',
} as const;

export type Figure = keyof typeof FIGURES;

/** All rounds of one step on one server, with the medians of their figures. */
export interface Row extends Place, Record<Figure, number | null> {
  measurements: Measurement[];
}

export function rowsOf(all: Measurement[]): Row[] {
  const names = [...new Set(all.map(nameOf))];
  return names.map((name) => {
    const measurements = all.filter((one) => nameOf(one) === name);
    const medians = Object.keys(FIGURES).map((figure) => {
      const values = measurements.flatMap((one) => one[figure as Figure] ?? []);
      return [figure, median(values)];
    });
    return {
      ...measurements[0]!,
      ...(Object.fromEntries(medians) as Record<Figure, number | null>),
      measurements,
    };
  });
}
