import t from 'tap';
import { describeViolation, type Violation } from '../../src/http/violations.js';

const about = (keyword: string, params: Record<string, unknown>, path = '/name'): Violation => ({
  keyword,
  instancePath: path,
  params,
});

const sentences: [Violation, string][] = [
  [about('required', { missingProperty: 'name' }, ''), 'name is required'],
  [about('minLength', { limit: 1 }), 'name is required'],
  [about('maxLength', { limit: 255 }), 'name must be at most 255 characters long'],
  [about('pattern', {}), 'name must have a character other than white space, and no U+0000'],
  [about('format', {}), 'name must be well-formed Unicode'],
  [about('minimum', { limit: 1 }, '/amount'), 'amount must be at least 1'],
  [about('maximum', { limit: 10 }, '/amount'), 'amount must be at most 10'],
  [about('type', { type: 'integer' }, '/amount'), 'amount must be an integer'],
  [about('type', { type: 'object' }), 'name must be an object'],
  [about('type', { type: 'string' }), 'name must be a string'],
  [about('additionalProperties', { additionalProperty: 'colour' }, ''), '"colour" is not a known field'],
];
for (const [violation, sentence] of sentences) {
  t.test(`${violation.keyword} is told as: ${sentence}`, async (t) => {
    t.equal(describeViolation(violation), sentence);
  });
}

t.test('a rule that has no sentence of its own is told in the words of the validator', async (t) => {
  const violation = { ...about('multipleOf', {}, '/amount'), message: 'must be multiple of 5' };
  t.equal(describeViolation(violation), 'amount must be multiple of 5');
  t.equal(describeViolation(about('multipleOf', {}, '/amount')), 'amount is not valid');
});

t.test('a field is named as it stands in the body, not as a JSON pointer', async (t) => {
  t.equal(describeViolation(about('minLength', {}, '/a~1b~0c~01')), 'a/b~c~1 is required');
});

t.test('a field name that the client made up is quoted, bounded and well-formed', async (t) => {
  const told = (additionalProperty: string) =>
    describeViolation(about('additionalProperties', { additionalProperty }, ''));
  t.equal(told('x'.repeat(62)), `"${'x'.repeat(62)}" is not a known field`);
  t.equal(told('x'.repeat(63)), `"${'x'.repeat(63)}…" is not a known field`);
  t.equal(told('a"\n'), '"a\\"\\n" is not a known field');
  t.equal(told('\ud800'), '"\ufffd" is not a known field');
  for (const emoji of ['🎟'.repeat(1000), `x${'🎟'.repeat(1000)}`]) {
    t.ok(told(emoji).isWellFormed(), 'the cut does not go through a surrogate pair');
    t.ok(told(emoji).length < 100);
  }
});
