import fc, { type Arbitrary } from 'fast-check';

/** JSON as other programs write it, and what is nearly JSON. */

const SPACES = ['', '', '', ' ', '\n', '\t', '\r\n  '];

/** Writes a value as JSON. `choose(n)` picks one of n spellings. */
function write(value: unknown, choose: (count: number) => number): string {
  const space = () => SPACES[choose(SPACES.length)];
  const spaced = (json: string) => `${space()}${json}${space()}`;
  if (Array.isArray(value)) return spaced(`[${value.map((item) => write(item, choose)).join(',')}]`);
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([name, member]) => `${spaced(writeText(name, choose))}:${write(member, choose)}`,
    );
    return spaced(`{${members.join(',')}}`);
  }
  if (typeof value === 'string') return spaced(writeText(value, choose));
  if (typeof value === 'number') return spaced(writeNumber(value, choose));
  return spaced(JSON.stringify(value) ?? 'null');
}

function writeText(text: string, choose: (count: number) => number): string {
  if (choose(4) > 0) return JSON.stringify(text);
  const escaped = Array.from({ length: text.length }, (_, i) =>
    text.charCodeAt(i).toString(16).padStart(4, '0'),
  );
  return `"${escaped.map((code) => `\\u${code}`).join('')}"`;
}

function writeNumber(value: number, choose: (count: number) => number): string {
  if (Object.is(value, -0)) return '-0';
  const json = JSON.stringify(value);
  if (!Number.isInteger(value) || Math.abs(value) >= 1e15) return json;
  return [json, json, json, `${json}.0`, `${json}e0`, `${json}.000e+00`, `${json}0E-1`][choose(7)] as string;
}

/** Generates the bytes of a JSON body for the values. One in twelve is spoilt. */
export function bodyOf(values: Arbitrary<unknown>): Arbitrary<Buffer> {
  const spelling = fc.array(fc.nat({ max: 1_000 }), { minLength: 1, maxLength: 30, size: 'max' });
  const json = fc.tuple(values, spelling).map(([value, choices]) => {
    let next = 0;
    return Buffer.from(write(value, (count) => (choices[next++ % choices.length] as number) % count));
  });
  const spoilt = fc
    .tuple(
      json,
      fc.nat(),
      fc.nat({ max: 3 }),
      fc.oneof(fc.constantFrom(...pieces), fc.uint8Array({ maxLength: 3 }).map(Buffer.from)),
    )
    .map(([bytes, at, removed, added]) => {
      const start = at % (bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, start), added, bytes.subarray(start + removed)]);
    });
  return fc.oneof({ weight: 11, arbitrary: json }, { weight: 1, arbitrary: spoilt });
}

const pieces = [
  '',
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '\\',
  '\n',
  'null',
  '1',
  '-',
  '\ufeff',
  '{}',
  '[]',
].map((text) => Buffer.from(text));
