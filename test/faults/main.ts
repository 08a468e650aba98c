import { EventEmitter } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { inScope } from '../support/scope.js';
import { describePlan, planOf } from './plan.js';
import { runPlantedBugs } from './planted/run-planted-bugs.js';
import { describeTotals, describeViolations, Totals } from './report.js';
import { createTemplate } from './rig/template.js';
import { type Run, runPlan } from './run-plan.js';

/**
 * The command `npm run test:faults`: breaks PostgreSQL, the network and the services while people claim
 * coupons, and checks that every promise was kept.
 */
const HELP = `Usage: npm run test:faults -- [--runs N] [--seed S] [--verbose] [--history FILE]
       npm run test:faults -- --planted

Runs the service N times (default 10) while things break. Run i has the seed S + i, which decides what
breaks and when. A violation prints its seed, what was broken, and the command that runs it again.

  --runs N        how many runs
  --seed S        the seed of the first run (default: from the clock)
  --planted       run services with a planted bug instead: the checker must accuse each of them
  --verbose       print the plan of each run, not only of those that fail
  --history FILE  write the history of the last run to FILE, as JSON`;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    planted: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    history: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const [runs, firstSeed] = [Number(values.runs), Number(values.seed)];
if (values.help || !Number.isInteger(runs) || !Number.isInteger(firstSeed)) {
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}

// One for each process, folder and disk of a run.
EventEmitter.defaultMaxListeners = 0;

if (values.planted) {
  const wrong = await inScope(async (scope) => runPlantedBugs(await createTemplate(scope)));
  process.exit(wrong > 0 ? 1 : 0);
}

const totals = new Totals();
await inScope(async (scope) => {
  const template = await createTemplate(scope);
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const plan = planOf(seed);
    const startedAt = performance.now();
    let run: Run | undefined;
    let failure: unknown;
    try {
      run = await runPlan(plan, { template });
    } catch (error) {
      failure = error;
    }
    const isGood = run !== undefined && run.violations.length === 0;
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    const kinds = plan.faults.map(({ kind }) => kind).join(', ');
    const claims = run?.history.operations.filter(({ kind }) => kind === 'claim').length ?? 0;
    console.log(`${isGood ? 'ok' : 'NOT OK'} seed ${seed}: ${kinds}; ${claims} claims, ${seconds} s`);
    for (const words of run?.missing ?? []) console.log(`  skipped: ${words}`);
    if (values.verbose || !isGood) for (const line of describePlan(plan)) console.log(`  ${line}`);
    if (failure) console.log(`  the run failed: ${failure instanceof Error ? failure.stack : failure}`);
    if (run && !isGood) for (const line of describeViolations(run)) console.log(`  ${line}`);
    if (!isGood) console.log(`  again: npm run test:faults -- --runs 1 --seed ${seed}`);
    totals.add(run, isGood);
    if (values.history && run) await writeFile(values.history, JSON.stringify(run, null, 1));
  }
});
for (const line of describeTotals(totals)) console.log(line);
// A fault of a run that was given up may still go on.
process.exit(totals.failed > 0 ? 1 : 0);
