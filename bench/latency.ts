import { type Bench, type Measurement, measure } from './measure.js';
import { STEPS } from './scenarios.js';
import { median } from './verdicts.js';

/** Latency by load, in an open loop. */
export interface LatencyByLoad {
  /** Claims a second in a closed loop. */
  capacity: number;
  /** A measurement in each round. */
  points: { share: number; measurements: Measurement[] }[];
}

const SHARES = [0.25, 0.5, 0.8];
const ROUNDS_MAX = 3;

export async function runLatency(bench: Bench, rounds: Measurement[][]): Promise<LatencyByLoad> {
  const hot = rounds.flat().filter(({ label, server }) => label === 'hot' && server === 'engine');
  if (hot.length === 0) hot.push(await measure(bench, 'engine', STEPS.hot));
  const capacity = median(hot.map(({ perSecond }) => perSecond)) as number;
  const points = SHARES.map((share) => ({ share, measurements: [] as Measurement[] }));
  for (let round = 1; round <= Math.min(bench.options.rounds, ROUNDS_MAX); round++) {
    for (const { share, measurements } of points) {
      const label = `latency at ${share * 100} % of ${Math.round(capacity).toLocaleString('en')}/s`;
      const rate = Math.max(1, Math.round(capacity * share));
      measurements.push(await measure(bench, 'engine', { ...STEPS.hot, label, rate }));
    }
  }
  return { capacity, points };
}
