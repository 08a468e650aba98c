import { median } from '../median.js';
import type { Options } from '../options.js';
import { type Measurement, nameOf } from '../scenarios/measurement.js';

export type Verdict = ReturnType<typeof judge>[number];
/** The limit depends on the load: autocannon takes more of the processor than wrk, which changes ratios. */
type Limit = number | Record<Options['load'], number>;
type Figure = (measurement: Measurement) => number | null;

const perSecond: Figure = (one) => one.perSecond;
const cpuUs: Figure = (one) => one.serverCpuUs && one.serverCpuUs + (one.databaseCpuUs ?? 0);
const p50Ms: Figure = (one) => one.p50Ms;
const p99Ms: Figure = (one) => one.p99Ms;
const serverMiB: Figure = (one) => one.serverMiB;

const healthP99Ms: Figure = (one) => one.healthP99Ms;
/** The load ends after the planned time. Claims that were accepted are answered later. */
const recoveryMs: Figure = ({ lastSuccess, plan }) =>
  lastSuccess ? lastSuccess.afterMs - plan.durationMs : null;

const HOT = 'Scenario: hot, engine';
const CEILING = 'Scenario: hot, ceiling';
const ROW_LOCK = 'Scenario: hot, row-lock';
const HOT_REDIS = 'Scenario: hot, redis';
const BULK = 'Scenario: bulk, engine';
const SPREAD = 'Scenario: spread, engine';
const SOLD_OUT = 'Scenario: sold-out, engine';
const SPREAD_REDIS = 'Scenario: spread, redis';
const SOLD_OUT_REDIS = 'Scenario: sold-out, redis';
const SINGLE = 'Scenario: single, engine';
const SINGLE_STATEMENT = 'Scenario: single, statement';
const OVERLOAD = 'Overload: retry at once, engine';
const PATIENT = 'Overload: retry after Retry-After, engine';
const CAPACITY = 'Overload: 8,000 clients, none refused, engine';
const CAPACITY_FEW = 'Overload: 2,000 clients, none refused, engine';
const MILLION = 'Claims in the table: 1,000,000, engine';
const EMPTY = 'Claims in the table: 1,000,000, engine, empty table';

/** The figure of a place, divided by that of another in the same round if there is another. */
const RULES: [what: string, sign: '≥' | '≤', Limit, Figure, place: string, per?: string][] = [
  ['claims/s, hot ÷ row-lock', '≥', { autocannon: 15, wrk: 20 }, perSecond, HOT, ROW_LOCK],
  ['claims/s, hot ÷ ceiling', '≥', { autocannon: 0.55, wrk: 0.65 }, perSecond, HOT, CEILING],
  ['claims/s, bulk ÷ hot', '≥', 2.5, perSecond, BULK, HOT],
  ['claims/s, spread ÷ ceiling', '≥', { autocannon: 0.4, wrk: 0.45 }, perSecond, SPREAD, CEILING],
  ['answers/s, sold-out ÷ ceiling', '≥', { autocannon: 0.7, wrk: 0.8 }, perSecond, SOLD_OUT, CEILING],
  ['claims/s, hot ÷ redis', '≥', 1, perSecond, HOT, HOT_REDIS],
  ['claims/s, spread ÷ redis', '≥', 1, perSecond, SPREAD, SPREAD_REDIS],
  ['answers/s, sold-out ÷ redis', '≥', 1, perSecond, SOLD_OUT, SOLD_OUT_REDIS],
  ['claims/s, 1,000,000 claims in the table ÷ none', '≥', 0.85, perSecond, MILLION, EMPTY],
  ['CPU per claim, row-lock ÷ hot', '≥', 10, cpuUs, ROW_LOCK, HOT],
  ['CPU per claim, hot ÷ redis', '≤', 1, cpuUs, HOT, HOT_REDIS],
  ['CPU per claim, spread ÷ redis', '≤', 1, cpuUs, SPREAD, SPREAD_REDIS],
  ['CPU per answer, sold-out ÷ redis', '≤', 1, cpuUs, SOLD_OUT, SOLD_OUT_REDIS],
  ['p99 ms at half of the capacity', '≤', 10, p99Ms, 'Open loop: 50 % of capacity, engine'],
  ['claims/s, impatient clients refused ÷ none refused', '≥', 0.9, perSecond, OVERLOAD, CAPACITY],
  ['claims/s, patient clients refused ÷ none refused', '≥', 0.9, perSecond, PATIENT, CAPACITY],
  ['claims/s, impatient clients refused ÷ 2,000 clients', '≥', 0.9, perSecond, OVERLOAD, CAPACITY_FEW],
  ['claims/s, patient clients refused ÷ 2,000 clients', '≥', 0.9, perSecond, PATIENT, CAPACITY_FEW],
  ['p99 ms of accepted claims, patient clients', '≤', 1_000, p99Ms, PATIENT],
  ['p99 ms of health checks, impatient clients', '≤', 250, healthP99Ms, OVERLOAD],
  ['ms until the last answer after an overload', '≤', 1_000, recoveryMs, OVERLOAD],
  ['server MiB overloaded by 8,000 clients', '≤', 400, serverMiB, OVERLOAD],
  ['server MiB at 5,000 connections', '≤', 200, serverMiB, 'Connections: 5,000, engine'],
  ['p50 of a lone claim, engine ÷ statement', '≤', 1.1, p50Ms, SINGLE, SINGLE_STATEMENT],
];

/** Compares medians with their limits. Leaves out what was not measured. */
export function judge(measurements: Measurement[], load: Options['load']) {
  return RULES.flatMap(([what, sign, limits, figure, place, per]) => {
    const rounds = measurements.flatMap((one) => {
      if (nameOf(one) !== place) return [];
      const neighbour = measurements.find((other) => nameOf(other) === per && other.round === one.round);
      const divisor = per ? neighbour && figure(neighbour) : 1;
      const value = figure(one);
      return value && divisor ? [value / divisor] : [];
    });
    const value = median(rounds);
    if (value === null) return [];
    const limit = typeof limits === 'number' ? limits : limits[load];
    return { what, value, rounds, sign, limit, isMet: sign === '≥' ? value >= limit : value <= limit };
  });
}
