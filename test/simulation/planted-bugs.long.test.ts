import t from 'tap';
import { BUGS, plantBug } from './bugs.js';
import { explainViolation, findViolation } from './find.js';
import { reportViolation } from './report.js';

/** Always the same histories: a bug is found at the same place in each run. */
const SEED = 1;
const HISTORIES_MAX = 20_000;

for (const bug of Object.keys(BUGS)) {
  t.test(`a planted bug is found: ${bug}`, async (t) => {
    const { failedSeed, histories } = await findViolation(await plantBug(bug), SEED, HISTORIES_MAX);
    t.type(failedSeed, 'number');
    t.comment(`after ${histories} histories`);
  });
}

t.test('a violation is reported in a few words, with the command that repeats it', async (t) => {
  const bug = 'double claim';
  const subject = await plantBug(bug);
  const { failedSeed = 0 } = await findViolation(subject, SEED, HISTORIES_MAX);
  const explanation = await explainViolation(subject, failedSeed);
  t.ok(explanation.plan.events.length <= 2, 'the history is shrunk');
  const report = reportViolation(explanation, failedSeed, bug);
  t.match(report, /request 1: \w+ claims [ABC] at server 1/);
  t.match(report, /Broken: one claim per user\. Somebody holds [ABC] twice\./);
  t.match(report, `npm run test:simulation -- --histories 1 --seed ${failedSeed} --bug 'double claim'`);
  const again = await findViolation(subject, failedSeed, 1);
  t.equal(again.failedSeed, failedSeed, 'the command shows the same violation');
});
