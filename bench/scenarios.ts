import { type Bench, type Measurement, measure } from './measure.js';
import type { ScenarioName } from './options.js';
import type { ServerKind } from './servers.js';
import type { Step } from './step.js';

/** More than a run can claim. */
const ENDLESS = 2_000_000_000;

export const STEPS = {
  hot: { label: 'hot', coupons: 1, amount: ENDLESS, expected: { statuses: [200] } },
  spread: { label: 'spread', coupons: 1_000, amount: 1_000_000, expected: { statuses: [200] } },
  'sold-out': {
    label: 'sold-out',
    coupons: 1,
    amount: 1,
    isSoldOut: true,
    expected: { statuses: [400], refusal: 'out_of_stock' },
  },
  single: { label: 'single', coupons: 1, amount: ENDLESS, connections: 1, expected: { statuses: [200] } },
  'flash-sale': {
    label: 'flash-sale',
    coupons: 1,
    amount: 1_000,
    connectionsDefault: 1_000,
    requests: 100_000,
    claimsExactly: 1_000,
    expected: { statuses: [200, 400], refusal: 'out_of_stock' },
  },
  'double-dip': {
    label: 'double-dip',
    coupons: 1,
    amount: 1_000,
    users: 50,
    claimsExactly: 50,
    isDetailed: true,
    expected: { statuses: [200, 409], refusal: 'already_claimed' },
  },
  mixed: {
    label: 'mixed',
    coupons: 10_000,
    amount: 1_000_000,
    readsInTen: 8,
    isDetailed: true,
    expected: { statuses: [200] },
  },
} satisfies Partial<Record<ScenarioName, Step>>;

type StepName = keyof typeof STEPS;

/** What is measured one after the other in each round, so that ratios compare neighbours in time. */
const ROUND: [StepName, ServerKind[]][] = [
  ['hot', ['engine', 'ceiling', 'row-lock', 'statement']],
  ['spread', ['engine']],
  ['sold-out', ['engine', 'refusal']],
  ['single', ['engine', 'statement']],
  ['flash-sale', ['engine']],
  ['double-dip', ['engine']],
  ['mixed', ['engine']],
];

/** The rounds of all scenarios that were asked for; each round is a list of measurements. */
export async function runRounds(bench: Bench): Promise<Measurement[][]> {
  const { scenarios, rounds, url } = bench.options;
  const isWanted = (name: StepName) => scenarios.includes(name);
  const results: Measurement[][] = [];
  if (!Object.keys(STEPS).some((name) => isWanted(name as StepName))) return results;
  for (let round = 1; round <= rounds; round++) {
    bench.progress.tell(`round ${round} of ${rounds}`);
    const measurements: Measurement[] = [];
    for (const [name, kinds] of ROUND) {
      for (const kind of kinds) {
        // The ceiling of one is the ceiling of all: nothing in it depends on the coupons.
        const isNeeded =
          isWanted(name) || (kind === 'ceiling' && (isWanted('spread') || isWanted('sold-out')));
        if (!isNeeded || (url && kind !== 'engine')) continue;
        measurements.push(await measure(bench, kind, STEPS[name]));
      }
    }
    results.push(measurements);
  }
  return results;
}
