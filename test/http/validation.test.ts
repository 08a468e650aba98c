import t from 'tap';
import { startApp } from '../support/app.js';

/** A request body as JSON text, because `1.0` and `__proto__` do not survive in a value. */
interface Case {
  title: string;
  json: string;
}

const app = await startApp(t);
await app.createCoupon('SALE', 5);
await app.claim('SALE', 'ada');

const endpoints = [
  { path: '/api/coupons', valid: { name: '"NEW"', amount: '5' }, texts: ['name'] },
  {
    path: '/api/coupons/claim',
    valid: { user_id: '"grace"', coupon_name: '"SALE"' },
    texts: ['user_id', 'coupon_name'],
  },
];

/** Writes a JSON object of these members. It leaves out members without a value. */
function object(members: Record<string, string | undefined>): string {
  const present = Object.entries(members).filter(([, json]) => json !== undefined);
  return `{${present.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
}

const truth = async () => [
  [...(await app.sql`select * from coupons order by name`)],
  [...(await app.sql`select * from claims order by coupon_name, user_id`)],
];

const post = (path: string, json: string) =>
  app.request('POST', path, { raw: json, headers: { 'Content-Type': 'application/json' } });

/** Tests that the request is refused with this sentence, and that nothing changes. */
function refused(path: string, { title, json }: Case, rule: string): void {
  t.test(`POST ${path}, ${title}: ${rule}`, async (t) => {
    const before = await truth();
    const answer = await post(path, json);
    t.equal(answer.status, 400);
    t.strictSame(answer.json(), {
      type: 'urn:problem-type:coupons:invalid_request',
      title: 'Invalid request',
      code: 'invalid_request',
      error: `invalid request: ${rule}`,
      detail: rule,
    });
    t.strictSame(await truth(), before);
  });
}

const blank = 'must have a character other than white space, and no U+0000';
const texts: [string, string | undefined, string][] = [
  ['missing', undefined, 'is required'],
  ['empty', '""', 'is required'],
  ['a space', '" "', blank],
  ['tabs and line breaks', '"\\t\\r\\n\\u000b\\f"', blank],
  ['no-break spaces', '"\u00a0\u00a0"', blank],
  ['an ideographic space', '"\u3000"', blank],
  ['other spaces of Unicode', '"\\u1680\\u2003\\u2028\\u2029\\u202f\\u205f\\ufeff"', blank],
  ['255 spaces', `"${' '.repeat(255)}"`, blank],
  ['U+0000', '"\\u0000"', blank],
  ['U+0000 in the middle', '"a\\u0000b"', blank],
  ['U+0000 at the end', '"ab\\u0000"', blank],
  ['a lone high surrogate', '"a\\ud800b"', 'must be well-formed Unicode'],
  ['a lone low surrogate', '"\\udc00"', 'must be well-formed Unicode'],
  ['surrogates the wrong way round', '"\\udc00\\ud800"', 'must be well-formed Unicode'],
  ['256 letters', `"${'x'.repeat(256)}"`, 'must be at most 255 characters long'],
  ['256 emoji', `"${'🎟'.repeat(256)}"`, 'must be at most 255 characters long'],
  ['256 escaped characters', `"${'\\u00e9'.repeat(256)}"`, 'must be at most 255 characters long'],
  ['500,000 letters', `"${'x'.repeat(500_000)}"`, 'must be at most 255 characters long'],
  ['null', 'null', 'must be a string'],
  ['a number', '42', 'must be a string'],
  ['a boolean', 'true', 'must be a string'],
  ['an array', '["SALE"]', 'must be a string'],
  ['an object', '{"toString":"SALE"}', 'must be a string'],
];
for (const { path, valid, texts: fields } of endpoints) {
  for (const field of fields) {
    for (const [what, json, rule] of texts) {
      refused(
        path,
        { title: `${field}: ${what}`, json: object({ ...valid, [field]: json }) },
        `${field} ${rule}`,
      );
    }
  }
}

const amounts: [string | undefined, string][] = [
  [undefined, 'is required'],
  ['null', 'must be an integer'],
  ['"100"', 'must be an integer'],
  ['""', 'must be an integer'],
  ['true', 'must be an integer'],
  ['[1]', 'must be an integer'],
  ['{}', 'must be an integer'],
  ['1.5', 'must be an integer'],
  ['0.1', 'must be an integer'],
  ['1e-7', 'must be an integer'],
  ['1e400', 'must be an integer'],
  ['0', 'must be at least 1'],
  ['-0', 'must be at least 1'],
  ['-1', 'must be at least 1'],
  ['-2147483648', 'must be at least 1'],
  ['-1e10', 'must be at least 1'],
  ['2147483648', 'must be at most 2147483647'],
  ['4294967297', 'must be at most 2147483647'],
  ['1e10', 'must be at most 2147483647'],
  ['9007199254740993', 'must be at most 2147483647'],
  ['1e308', 'must be at most 2147483647'],
];
for (const [json, rule] of amounts) {
  const body = object({ name: '"NEW"', amount: json });
  refused('/api/coupons', { title: `amount: ${json ?? 'missing'}`, json: body }, `amount ${rule}`);
}

const manyFields = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`field-${i}`, '1']));
const unknown: [string, Record<string, string>, string][] = [
  ['remaining_amount', { remaining_amount: '5' }, '"remaining_amount"'],
  ['a known field in another case', { Name: '"NEW"' }, '"Name"'],
  ['an empty name', { '': '1' }, '""'],
  ['constructor', { constructor: '1' }, '"constructor"'],
  ['a line break and a quote', { 'a\n"b': '1' }, '"a\\n\\"b"'],
  ['a lone surrogate', { '\ud800': '1' }, '"\ufffd"'],
  ['a name of 100,000 letters', { ['x'.repeat(100_000)]: '1' }, `"${'x'.repeat(63)}…"`],
  ['50,000 fields', manyFields, '"field-0"'],
];
for (const { path, valid } of endpoints) {
  for (const [title, members, name] of unknown) {
    const json = object({ ...valid, ...members });
    refused(path, { title: `an unknown field: ${title}`, json }, `${name} is not a known field`);
  }
  const poisoned = `${object(valid).slice(0, -1)},"__proto__":{"admin":true}}`;
  refused(path, { title: 'an unknown field: __proto__', json: poisoned }, '"__proto__" is not a known field');
  refused(path, { title: 'an empty object', json: '{}' }, `${Object.keys(valid)[0]} is required`);
}

const accepted: [string, string][] = [
  ['an amount of 1.0', '{"name":"1.0","amount":1.0}'],
  ['an amount of 1e3', '{"name":"1e3","amount":1e3}'],
  ['the largest amount', '{"name":"largest","amount":2147483647}'],
  ['a name of 255 letters', `{"name":"${'x'.repeat(255)}","amount":1}`],
  ['a name of 255 emoji, as escapes', `{"name":"${'\\ud83c\\udf9f'.repeat(255)}","amount":1}`],
  ['a name among white space', '{"name":"\\u00a0a\\t","amount":1}'],
  ['white space in the JSON', ' \r\n\t{ "name" : "spaced" , "amount" : 1 } \n'],
];
for (const [title, json] of accepted) {
  t.test(`POST /api/coupons, ${title}: accepted and stored`, async (t) => {
    t.equal((await post('/api/coupons', json)).status, 201);
    const { name, amount } = JSON.parse(json);
    t.strictSame(await app.getCoupon(name), {
      name,
      amount,
      remaining_amount: amount,
      state: 'open',
      claimed_by: [],
    });
  });
}
