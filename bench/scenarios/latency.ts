import { median } from '../median.js';
import type { Bench } from './bench.js';
import { type Measurement, measure } from './measure.js';
import { STEPS } from './steps.js';

const SHARES = [0.25, 0.5, 0.8];
const ROUNDS_MAX = 3;

/** Measures `hot` at shares of its capacity, which a closed loop has found or finds first. */
export async function runLatency(bench: Bench, earlier: Measurement[]): Promise<Measurement[]> {
  const server = await bench.server('engine');
  const measurements: Measurement[] = [];
  const isHot = (one: Measurement) => one.label === 'hot' && one.server === 'engine';
  if (!earlier.some(isHot)) {
    const place = { axis: 'Scenario', label: 'hot', server: 'engine', round: 1 } as const;
    measurements.push(await measure(bench, server, STEPS.hot, place));
  }
  const capacity = median([...earlier, ...measurements].filter(isHot).map(({ perSecond }) => perSecond))!;
  for (let round = 1; round <= Math.min(bench.options.rounds, ROUNDS_MAX); round++) {
    for (const share of SHARES) {
      const place = { axis: 'Load', label: `${share * 100} %`, server: 'engine', round } as const;
      const rate = Math.max(1, Math.round(capacity * share));
      measurements.push(await measure(bench, server, { ...STEPS.hot, overrides: { rate } }, place));
    }
  }
  return measurements;
}
