import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { answersOf, unseenAnswers } from '../support/seen-answers.js';

t.test('an answer is an operation, a status and, for a problem, its code', async (t) => {
  const answers = answersOf();
  for (const answer of [
    'claimCoupon 200',
    'claimCoupon 409 already_claimed',
    'getHealth 431 headers_too_large',
  ]) {
    t.ok(answers.includes(answer), answer);
  }
  t.notOk(answers.some((answer) => answer.includes('default')));
});

t.test('the answer that no test has seen is named', async (t) => {
  const file = join(t.testdir(), 'seen');
  const seen = answersOf().filter((answer) => answer !== 'claimCoupon 409 claim_released');
  writeFileSync(file, seen.join('\n'));
  t.strictSame(unseenAnswers(file), ['claimCoupon 409 claim_released']);
});
