import { median } from '../median.js';
import type { Bench } from './bench.js';
import { measure } from './measure.js';
import { nameOf } from './measurement.js';
import { STEPS } from './steps.js';

const SHARES = [0.25, 0.5, 0.8];
const ROUNDS_MAX = 3;

/** Measures `hot` at shares of its capacity, which a closed loop has found or finds first. */
export async function runLatency(bench: Bench): Promise<void> {
  const server = await bench.server('engine');
  const hot = { axis: 'Scenario', label: 'hot', server: 'engine', round: 1 } as const;
  const findCapacity = () =>
    median(bench.measurements.filter((one) => nameOf(one) === nameOf(hot)).map(({ perSecond }) => perSecond));
  if (findCapacity() === null) await measure(bench, server, STEPS.hot, hot);
  const capacity = findCapacity()!;
  for (let round = 1; round <= Math.min(bench.options.rounds, ROUNDS_MAX); round++) {
    for (const share of SHARES) {
      const label = `${share * 100} % of capacity`;
      const place = { axis: 'Open loop', label, server: 'engine', round } as const;
      const rate = Math.max(1, Math.round(capacity * share));
      await measure(bench, server, { ...STEPS.hot, overrides: { rate } }, place);
    }
  }
}
