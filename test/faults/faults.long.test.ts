import t from 'tap';
import { describePlan, planOf } from './plan.js';
import { describeViolations } from './report.js';
import { createTemplate } from './rig/template.js';
import { runPlan } from './run-plan.js';

/** The short form of `npm run test:faults`: a failover, a killed service, and cut connections. */
const SEEDS = [2093];

const template = await createTemplate(t);
for (const seed of SEEDS) {
  const plan = planOf(seed);
  const kinds = plan.faults.map(({ kind }) => kind).join(', ');
  t.test(`seed ${seed}, ${kinds}: every promise is kept`, async (t) => {
    const run = await runPlan(plan, { template });
    for (const words of run.missing) t.comment(`skipped: ${words}`);
    t.strictSame(run.violations.length, 0, {
      plan: describePlan(plan),
      violations: describeViolations(run),
      again: `npm run test:faults -- --runs 1 --seed ${seed}`,
    });
  });
}
