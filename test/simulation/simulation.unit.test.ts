import t from 'tap';
import { BUGS, plantBug } from './bugs.js';
import { realEngine } from './engine.js';
import { explainViolation, findViolation } from './find.js';
import { reportViolation } from './report.js';

const HISTORIES = 500;
const SEED = 20_261_125;

t.test(`${HISTORIES} histories from the seed ${SEED} on break no promise`, async (t) => {
  const subject = { engine: realEngine };
  const { failedSeed } = await findViolation(subject, SEED, HISTORIES);
  if (failedSeed === undefined) return;
  t.fail(reportViolation(await explainViolation(subject, failedSeed), failedSeed, undefined));
});

// Those that a simulation of the real engine must never let through.
for (const bug of ['oversell by one', 'acknowledgement before the commit', 'double claim', 'stale stock']) {
  t.test(`a planted bug is found: ${bug}`, async (t) => {
    t.ok(bug in BUGS);
    const { failedSeed } = await findViolation(await plantBug(bug), 1, 2_000);
    t.type(failedSeed, 'number');
  });
}
