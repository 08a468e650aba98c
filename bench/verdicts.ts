import type { Growth } from './growth.js';
import type { LatencyByLoad } from './latency.js';
import type { Measurement } from './measure.js';
import type { ScenarioName } from './options.js';
import type { ServerKind } from './servers.js';

/** A figure beside its floor, or its ceiling. */
export interface Verdict {
  what: string;
  value: number;
  /** In each round. */
  rounds: number[];
  unit: '' | 'ms' | 'MiB';
  limit: number;
  isFloor: boolean;
  isMet: boolean;
}

export function median(values: number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? sorted[middle]
    : sorted.length === 0
      ? undefined
      : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** What wrk leaves to the server, autocannon takes for itself: on few cores, ratios depend on the load generator. */
const FLOORS = {
  autocannon: { rowLock: 15, hot: 0.55, spread: 0.4, soldOut: 0.7, rows: 0.85, cpu: 10 },
  wrk: { rowLock: 20, hot: 0.65, spread: 0.45, soldOut: 0.8, rows: 0.85, cpu: 10 },
};
const HALF_LOAD_P99_MS_MAX = 10;
const MEMORY_MIB_MAX = 200;
const MEMORY_CONNECTIONS = 5_000;
const ROWS_COMPARED = 1_000_000;
const SINGLE_P50_RATIO_MAX = 1.1;

type Figure = (measurement: Measurement) => number | null;
const perSecond: Figure = (measurement) => measurement.perSecond;
const p50: Figure = (measurement) => measurement.latencyMs.p50;
const cpu: Figure = ({ cpuUsPerAnswer: us }) => us && us.server + us.database;

export function judge(
  load: 'autocannon' | 'wrk',
  rounds: Measurement[][],
  latency: LatencyByLoad | null,
  growth: Growth | null,
): Verdict[] {
  const floors = FLOORS[load];
  const verdicts: Verdict[] = [];
  const add = (
    what: string,
    rounds: number[],
    limit: number,
    isFloor: boolean,
    unit: Verdict['unit'] = '',
  ) => {
    const value = median(rounds);
    if (value === undefined) return;
    verdicts.push({
      what,
      value,
      rounds,
      unit,
      limit,
      isFloor,
      isMet: isFloor ? value >= limit : value <= limit,
    });
  };
  /** A figure of one, divided by that of its neighbour in the same round. */
  const ratios = (figure: Figure, one: [ScenarioName, ServerKind], other: [ScenarioName, ServerKind]) =>
    rounds.flatMap((round) => {
      const find = ([label, server]: [ScenarioName, ServerKind]) =>
        round.find((measurement) => measurement.label === label && measurement.server === server);
      const [a, b] = [find(one), find(other)].map((measurement) => measurement && figure(measurement));
      return a && b ? [a / b] : [];
    });

  add(
    'claims/s, hot ÷ row-lock',
    ratios(perSecond, ['hot', 'engine'], ['hot', 'row-lock']),
    floors.rowLock,
    true,
  );
  add('claims/s, hot ÷ ceiling', ratios(perSecond, ['hot', 'engine'], ['hot', 'ceiling']), floors.hot, true);
  add(
    'claims/s, spread ÷ ceiling',
    ratios(perSecond, ['spread', 'engine'], ['hot', 'ceiling']),
    floors.spread,
    true,
  );
  add(
    'answers/s, sold-out ÷ ceiling',
    ratios(perSecond, ['sold-out', 'engine'], ['hot', 'ceiling']),
    floors.soldOut,
    true,
  );
  const grown = growth?.rows.find(({ size }) => size === ROWS_COMPARED) ?? growth?.rows.at(-1);
  if (grown && grown.size > 0) {
    const ratios = grown.full.map((full, i) => full.perSecond / (grown.empty[i] as Measurement).perSecond);
    add(`claims/s, ${grown.size.toLocaleString('en')} claims in the table ÷ none`, ratios, floors.rows, true);
  }
  add('CPU per claim, row-lock ÷ hot', ratios(cpu, ['hot', 'row-lock'], ['hot', 'engine']), floors.cpu, true);
  const half = latency?.points.find(({ share }) => share === 0.5);
  add(
    'p99 at half of the capacity',
    half?.measurements.map(({ latencyMs }) => latencyMs.p99) ?? [],
    HALF_LOAD_P99_MS_MAX,
    false,
    'ms',
  );
  const crowd = growth?.connections.find(({ size }) => size === MEMORY_CONNECTIONS)?.full ?? [];
  add(
    `server memory at ${MEMORY_CONNECTIONS.toLocaleString('en')} connections`,
    crowd.flatMap(({ residentPeakMiB }) => residentPeakMiB ?? []),
    MEMORY_MIB_MAX,
    false,
    'MiB',
  );
  add(
    'p50 of a lone claim, engine ÷ statement',
    ratios(p50, ['single', 'engine'], ['single', 'statement']),
    SINGLE_P50_RATIO_MAX,
    false,
  );
  return verdicts;
}
