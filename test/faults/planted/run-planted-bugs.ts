import type { NamedViolation, RuleName } from '../checker/check.js';
import type { Plan, PlannedFault } from '../plan.js';
import type { Template } from '../rig/postgres-node.js';
import { type Run, runPlan } from '../run-plan.js';
import { type Bug, type BugName, bugs } from './bugs.js';

/** Faults decide whether a defect shows: a few tries are enough. */
const TRIES_MAX = 4;

const fault = (kind: PlannedFault['kind'], atMs: number, lastsMs: number) => ({ kind, atMs, lastsMs });
/** For defects that need no fault to show. */
const load = fault('slow', 0, 700);

/** What breaks while each defect is there, and the rules of which one must notice. */
const cases: Record<Exclude<BugName, 'none'>, [faults: PlannedFault[], rules: RuleName[]]> = {
  oversell: [[load], ['booksBalance']],
  acknowledgeEarly: [[fault('killService', 600, 50)], ['acknowledgedClaimsAreKept']],
  commitAsynchronously: [[fault('killPostgres', 600, 50)], ['acknowledgedClaimsAreKept', 'booksOnlyGrow']],
  claimTwice: [[load], ['nobodyClaimsTwice']],
  forgetKeys: [[fault('cutAfterClaim', 200, 0), fault('cutAfterClaim', 400, 0)], ['conflictsAreTrue']],
  giveUpAtOnce: [
    [fault('cutDuringClaim', 200, 0), fault('cutAfterClaim', 300, 0), fault('cutAfterClaim', 400, 0)],
    ['keptClaimsWereTold'],
  ],
  countInMemory: [[load], ['refusalsAreTrue']],
  reverseBatches: [[load], ['firstComeFirstServed']],
  reverseOutcomes: [[load], ['acknowledgedClaimsAreKept', 'refusalsAreTrue', 'keptClaimsWereTold']],
  dropLast: [[load], ['acknowledgedClaimsAreKept']],
  decideBackwards: [[load], ['firstComeFirstServed']],
  cacheReadings: [[load], ['readingsAreFresh']],
};

/**
 * Runs services with a defect each, and one without.
 * @returns how many the checker judged wrongly.
 */
export async function runPlantedBugs(template: Template): Promise<number> {
  const faults = [fault('cutAfterClaim', 200, 0), fault('killPostgres', 400, 50)];
  const { violations } = await runWith(template, 'none', 1, faults);
  let wrong = report(violations.length === 0, 'a service without a bug is not accused', violations);
  for (const [name, [faults, rules]] of Object.entries(cases) as [BugName, [PlannedFault[], RuleName[]]][]) {
    const violations = await provoke(template, name, faults, rules);
    wrong += report(violations.length > 0, `a service with the bug ${name} is caught`, violations);
  }
  return wrong;
}

/** @returns what the checker noticed of it. */
async function provoke(template: Template, name: BugName, faults: PlannedFault[], rules: RuleName[]) {
  for (let seed = 1; seed <= TRIES_MAX; seed++) {
    const run = await runWith(template, name, seed, faults);
    const noticed = run.violations.filter(({ rule }) => rules.includes(rule));
    if (noticed.length > 0) return noticed;
  }
  return [];
}

function report(isRight: boolean, words: string, [first]: NamedViolation[]): 0 | 1 {
  console.log(`${isRight ? 'ok' : 'NOT OK'} ${words}${first ? `: ${first.rule}: ${first.sentence}` : ''}`);
  return isRight ? 0 : 1;
}

function runWith(template: Template, name: BugName, seed: number, faults: PlannedFault[]): Promise<Run> {
  const bug: Bug = bugs[name];
  const program = {
    script: 'test/faults/planted/server.js',
    settings: { PLANTED_BUG: name },
  };
  return runPlan(planOf(seed, faults), { template, program, prepare: bug.prepare });
}

function planOf(seed: number, faults: PlannedFault[]): Plan {
  return {
    seed,
    services: 1,
    workers: 1,
    way: 'name',
    lanes: 1,
    outcomeTimeoutMs: 2_000,
    hasStandby: false,
    coupons: [
      { name: 'coupon 0', amount: 100_000 },
      { name: 'coupon 1', amount: 10 },
      { name: 'coupon 2', amount: 30 },
    ],
    clients: 25,
    faults,
  };
}
