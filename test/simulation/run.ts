import { parseArgs } from 'node:util';
import { BUGS, plantBug } from './bugs.js';
import { realEngine, type Subject } from './engine.js';
import { explainViolation, findViolation, type Summary } from './find.js';
import { EXCEPTIONS } from './invariants.js';
import { reportViolation } from './report.js';

const HELP = `Runs seeded histories of claims against a model of PostgreSQL, until one breaks a promise.

  --histories N   how many (default 100000)
  --seed S        the seed of the first one; each that follows has the next seed (default: random)
  --forbid NAME   counts a known exception as a violation, to read its history:
                  ${EXCEPTIONS.join(', ')}
  --bug NAME      plants a bug, to see how it is found. One of:
${Object.keys(BUGS)
  .map((name) => `                    ${name}`)
  .join('\n')}`;

const PROGRESS_INTERVAL_MS = 60_000;

const { values } = parseArgs({
  options: {
    histories: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 40)) },
    bug: { type: 'string' },
    forbid: { type: 'string' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit();
}
const seed = Number(values.seed);
const histories = Number(values.histories);
if (!Number.isSafeInteger(seed) || seed < 0 || !Number.isSafeInteger(histories)) {
  console.error('--seed and --histories are whole numbers');
  process.exit(2);
}

const forbidden = EXCEPTIONS.find((exception) => exception === values.forbid);
const subject: Subject = {
  ...(values.bug === undefined ? { engine: realEngine } : await plantBug(values.bug)),
  ...(forbidden && { forbidden }),
};
console.log(`${histories} histories, from the seed ${seed} on`);
let nextProgressAt = performance.now() + PROGRESS_INTERVAL_MS;
const startedAt = performance.now();
const summary = await findViolation(subject, seed, histories, (progress) => {
  if (performance.now() < nextProgressAt) return;
  nextProgressAt += PROGRESS_INTERVAL_MS;
  report(progress);
});
report(summary);
if (summary.failedSeed !== undefined) {
  const explanation = await explainViolation(subject, summary.failedSeed);
  console.log(`\n${reportViolation(explanation, summary.failedSeed, values.bug)}`);
  process.exitCode = 1;
}

function report({ histories, steps, answerMsMax, exceptions, failedSeed }: Summary): void {
  const minutes = (performance.now() - startedAt) / 60_000;
  const cpuMinutes = process.cpuUsage().user / 60_000_000;
  console.log(
    `${histories} histories, ${failedSeed === undefined ? 'no' : 'one'} violation, ` +
      `${(steps / histories).toFixed(0)} steps a history, ` +
      `${(histories / minutes).toFixed(0)} histories a minute (${(histories / cpuMinutes).toFixed(0)} a minute of CPU time), ` +
      `longest answer after ${answerMsMax} ms`,
  );
  for (const [exception, count] of exceptions) console.log(`  known exception: ${exception}, ${count} times`);
}
