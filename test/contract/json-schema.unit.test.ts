import t from 'tap';
import { describeViolation, type Violation } from '../../src/json-schema.js';

const about = (keyword: string, params: Record<string, unknown>, path = '/name'): Violation => ({
  keyword,
  instancePath: path,
  params,
});

const sentences: [Violation, string][] = [
  [about('required', { missingProperty: 'name' }, ''), 'name is required'],
  [about('minLength', { limit: 1 }), 'name must not be empty'],
  [about('minLength', { limit: 3 }), 'name must be at least 3 characters long'],
  [about('required', { missingProperty: 'user_id' }, '/claims/0'), 'claims[0].user_id is required'],
  [
    about('maxLength', { limit: 255 }, '/claims/3/user_id'),
    'claims[3].user_id must be at most 255 characters long',
  ],
  [about('maxLength', { limit: 255 }), 'name must be at most 255 characters long'],
  [about('pattern', { pattern: '^a$' }), 'name must match the pattern ^a$'],
  [about('enum', { allowedValues: ['a', 'b'] }), 'name must be one of a, b'],
  [about('const', { allowedValue: 'a' }), 'name must be a'],
  [about('minItems', { limit: 1 }), 'name must have at least 1 items'],
  [about('maxItems', { limit: 9 }), 'name must have at most 9 items'],
  [about('exclusiveMinimum', { limit: 0 }), 'name must be greater than 0'],
  [about('exclusiveMaximum', { limit: 9 }), 'name must be less than 9'],
  [about('multipleOf', { multipleOf: 5 }), 'name must be a multiple of 5'],
  [about('uniqueItems', {}), 'name breaks the rule uniqueItems'],
  [about('format', { format: 'well-formed' }), 'name must be well-formed Unicode'],
  [about('format', { format: 'date-time' }), 'name must be a date and time such as 2026-07-01T12:00:00Z'],
  [about('format', { format: 'hostname' }), 'name must be in the format hostname'],
  [about('minimum', { limit: 1 }, '/amount'), 'amount must be at least 1'],
  [about('maximum', { limit: 10 }, '/amount'), 'amount must be at most 10'],
  [about('type', { type: 'integer' }, '/amount'), 'amount must be an integer'],
  [about('type', { type: 'object' }), 'name must be an object'],
  [about('type', { type: 'string' }), 'name must be a string'],
  [about('type', { type: ['integer', 'null'] }), 'name must be an integer or null'],
  [about('additionalProperties', { additionalProperty: 'colour' }, ''), '"colour" is not a known field'],
  [
    about('additionalProperties', { additionalProperty: 'colour' }, '/claims/12'),
    '"colour" is not a known field of claims[12]',
  ],
];
for (const [violation, sentence] of sentences) {
  t.test(`${violation.keyword}: ${sentence}`, async (t) => {
    t.equal(describeViolation(violation), sentence);
  });
}

t.test('the sentence of a schema replaces the general one', async (t) => {
  const violation = {
    ...about('minLength', { limit: 1 }),
    parentSchema: { 'x-sentences': { minLength: 'is required' } },
  };
  t.equal(describeViolation(violation), 'name is required');
});

t.test('an unknown query parameter is called a query parameter', async (t) => {
  const violation = about('additionalProperties', { additionalProperty: 'limt' }, '');
  t.equal(describeViolation(violation, 'query parameter'), '"limt" is not a known query parameter');
});

t.test('a field is named as in the body, not as a JSON pointer', async (t) => {
  t.equal(describeViolation(about('minLength', { limit: 1 }, '/a~1b~0c~01')), 'a/b~c~1 must not be empty');
});

t.test('a field name of the client is quoted, bounded and well-formed', async (t) => {
  const describe = (additionalProperty: string) =>
    describeViolation(about('additionalProperties', { additionalProperty }, ''));
  t.equal(describe('x'.repeat(62)), `"${'x'.repeat(62)}" is not a known field`);
  t.equal(describe('x'.repeat(63)), `"${'x'.repeat(63)}…" is not a known field`);
  t.equal(describe('a"\n'), '"a\\"\\n" is not a known field');
  t.equal(describe('\ud800'), '"\ufffd" is not a known field');
  for (const emoji of ['🎟'.repeat(1000), `x${'🎟'.repeat(1000)}`]) {
    t.ok(describe(emoji).isWellFormed(), 'the cut does not go through a surrogate pair');
    t.ok(describe(emoji).length < 100);
  }
});
