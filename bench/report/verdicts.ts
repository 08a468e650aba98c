import { median } from '../median.js';
import type { Options } from '../options.js';
import { type Measurement, nameOf } from '../scenarios/measure.js';

/** A figure and its limit. */
export interface Verdict {
  what: string;
  value: number;
  /** The value in each round. */
  rounds: number[];
  unit: string;
  limit: number;
  isFloor: boolean;
  isMet: boolean;
}

type Figure = (measurement: Measurement) => number | null;
/** A limit for each load: autocannon takes more of the processor than wrk, which changes ratios. */
type Limit = Record<Options['load'], number> & Pick<Verdict, 'isFloor' | 'unit'>;

const atLeast = (autocannon: number, wrk = autocannon): Limit => ({
  autocannon,
  wrk,
  isFloor: true,
  unit: '',
});
const atMost = (limit: number, unit = ''): Limit => ({ autocannon: limit, wrk: limit, isFloor: false, unit });

const perSecond: Figure = (one) => one.perSecond;
const cpuUs: Figure = (one) => one.serverCpuUs && one.serverCpuUs + (one.databaseCpuUs ?? 0);
const p50Ms: Figure = (one) => one.p50Ms;
const p99Ms: Figure = (one) => one.p99Ms;
const serverMiB: Figure = (one) => one.serverMiB;

const HOT = 'Scenario: hot, engine';
const CEILING = 'Scenario: hot, ceiling';
const ROW_LOCK = 'Scenario: hot, row-lock';
const MILLION = 'Claims in the table: 1,000,000, engine';

/** The figure of a place, divided by that of another in the same round if there is another. */
const RULES: [what: string, limit: Limit, figure: Figure, place: string, per?: string][] = [
  ['claims/s, hot ÷ row-lock', atLeast(15, 20), perSecond, HOT, ROW_LOCK],
  ['claims/s, hot ÷ ceiling', atLeast(0.55, 0.65), perSecond, HOT, CEILING],
  ['claims/s, spread ÷ ceiling', atLeast(0.4, 0.45), perSecond, 'Scenario: spread, engine', CEILING],
  ['answers/s, sold-out ÷ ceiling', atLeast(0.7, 0.8), perSecond, 'Scenario: sold-out, engine', CEILING],
  [
    'claims/s, 1,000,000 claims in the table ÷ none',
    atLeast(0.85),
    perSecond,
    MILLION,
    `${MILLION}, empty table`,
  ],
  ['CPU per claim, row-lock ÷ hot', atLeast(10), cpuUs, ROW_LOCK, HOT],
  ['p99 at half of the capacity', atMost(10, 'ms'), p99Ms, 'Load: 50 %, engine'],
  ['server memory at 5,000 connections', atMost(200, 'MiB'), serverMiB, 'Connections: 5,000, engine'],
  [
    'p50 of a lone claim, engine ÷ statement',
    atMost(1.1),
    p50Ms,
    'Scenario: single, engine',
    'Scenario: single, statement',
  ],
];

/** Compares medians with their limits. Leaves out what was not measured. */
export function judge(measurements: Measurement[], load: Options['load']): Verdict[] {
  return RULES.flatMap(([what, { isFloor, unit, [load]: limit }, figure, place, per]) => {
    const rounds = measurements.flatMap((one) => {
      if (nameOf(one) !== place) return [];
      const neighbour = measurements.find((other) => nameOf(other) === per && other.round === one.round);
      const divisor = per ? neighbour && figure(neighbour) : 1;
      const value = figure(one);
      return value && divisor ? [value / divisor] : [];
    });
    const value = median(rounds);
    if (value === null) return [];
    return { what, value, rounds, unit, limit, isFloor, isMet: isFloor ? value >= limit : value <= limit };
  });
}
