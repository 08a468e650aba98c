import t from 'tap';
import { realEngine } from './engine.js';
import { explainViolation, findViolation } from './find.js';
import { reportViolation } from './report.js';

const HISTORIES = 3_000;

/** Another one in each run: the tests see ever new histories. A failure tells how to run it again. */
const seed = Math.floor(Math.random() * 2 ** 40);

t.test(`${HISTORIES} histories from the seed ${seed} on break no promise`, async (t) => {
  const subject = { engine: realEngine };
  const { failedSeed } = await findViolation(subject, seed, HISTORIES);
  if (failedSeed === undefined) return;
  t.fail(reportViolation(await explainViolation(subject, failedSeed), failedSeed, undefined));
});
