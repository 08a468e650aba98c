import type { ServerKind } from '../rig/servers.js';
import type { Bench } from './bench.js';
import { measure } from './measure.js';
import { STEPS } from './steps.js';

type StepName = keyof typeof STEPS;

/**
 * The servers of each step. A round measures them one after the other, so that ratios compare
 * neighbours in time.
 */
const ROUND: [StepName, ServerKind[]][] = [
  ['hot', ['engine', 'redis', 'ceiling', 'row-lock', 'statement']],
  ['bulk', ['engine']],
  ['spread', ['engine', 'redis']],
  ['sold-out', ['engine', 'redis', 'refusal']],
  ['single', ['engine', 'statement']],
  ['flash-sale', ['engine']],
  ['double-dip', ['engine']],
  ['mixed', ['engine']],
];

/** Measures the chosen scenarios, round by round. */
export async function runRounds(bench: Bench): Promise<void> {
  const { scenarios, rounds, url } = bench.options;
  const isMissing = (kind: ServerKind) => (kind === 'redis' && !bench.redis) || (url && kind !== 'engine');
  const isChosen = (name: StepName, kind: ServerKind) => {
    // The ceiling is the same for all coupons: spread and sold-out are compared with that of hot.
    const names = kind === 'ceiling' ? ([name, 'spread', 'sold-out'] as const) : [name];
    return names.some((name) => scenarios.includes(name)) && !isMissing(kind);
  };
  const steps = ROUND.flatMap(([label, kinds]) =>
    kinds.filter((kind) => isChosen(label, kind)).map((server) => ({ label, server })),
  );
  if (!bench.redis && !url) {
    console.error('the peer redis is skipped: no redis-server on the PATH, and REDIS_SERVER names none');
  }
  for (let round = 1; round <= rounds && steps.length > 0; round++) {
    console.error(`round ${round} of ${rounds}`);
    for (const { label, server } of steps) {
      const place = { axis: 'Scenario', label, server, round } as const;
      await measure(bench, await bench.server(server), STEPS[label], place);
    }
  }
}
