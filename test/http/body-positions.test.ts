import t from 'tap';
import { startApp } from '../support/app.js';

/** A body that is not JSON is refused with the position of the fault. */

const app = await startApp(t);

async function detailOf(raw: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await app.request('POST', '/api/coupons', { raw, headers });
  t.match(answer.json(), { code: 'invalid_body', error: 'invalid request body' });
  return answer.json<{ detail: string }>().detail;
}

const faults: [json: string, position: number][] = [
  ['SUMMER', 0],
  ['nulL', 3],
  ['tRue', 1],
  ['{"name":"A","amount":1,}', 23],
  ['{"name":"A",,"amount":1}', 12],
  ['{,}', 1],
  ['[1,]', 3],
  ['[1 2]', 3],
  ['[1}', 2],
  ['{"a":1]', 6],
  ["{'name':'A'}", 1],
  ['{name:"A"}', 1],
  ['{"name" "A"}', 8],
  ['{"name":}', 8],
  ['{"name":"A"}}', 12],
  ['{} {}', 3],
  ['{"name":"A",/* */"amount":1}', 12],
  ['{"amount":01}', 11],
  ['{"amount":-}', 11],
  ['{"amount":+1}', 10],
  ['{"amount":1.}', 12],
  ['{"amount":.5}', 10],
  ['{"amount":1e}', 12],
  ['{"amount":1e+x}', 13],
  ['{"amount":NaN}', 10],
  ['{"name":"A\nB"}', 10],
  ['{"name":"\\x41"}', 10],
  ['{"name":"\\u12g4"}', 13],
  ['\ufeff{}', 0],
  ['\u00a0{}', 0],
  // Positions are bytes. The emoji has four.
  ['{"name":"🎟",}', 15],
  ['name=A&amount=1', 1],
];
for (const [json, position] of faults) {
  t.test(`the fault in ${JSON.stringify(json)} is at position ${position}`, async (t) => {
    t.throws(() => JSON.parse(json));
    t.equal(
      await detailOf(json),
      `The body is not valid JSON: unexpected character at position ${position}.`,
    );
  });
}

const cut = [
  '',
  ' ',
  '{',
  '{"a"',
  '{"a":',
  '{"a":1',
  '{"a":1,',
  '[',
  '[[]',
  '"a',
  '"\\',
  '"\\u00',
  '-',
  '1e',
  'fals',
];
for (const json of cut) {
  t.test(`${JSON.stringify(json)} ends too early`, async (t) => {
    t.equal(
      await detailOf(json),
      `The body is not valid JSON: unexpected end at position ${Buffer.byteLength(json)}.`,
    );
  });
}

t.test('a million open arrays end too early', async (t) => {
  const half = 2 ** 19;
  t.match(await detailOf('['.repeat(2 * half)), 'unexpected end at position 1048576');
  const mismatched = `${'['.repeat(half)}${']'.repeat(half - 1)}}`;
  t.match(await detailOf(mismatched), 'unexpected character at position 1048575');
});

t.test('a fault far behind may have no position', async (t) => {
  t.equal(await detailOf(`${'['.repeat(65_536)}x`), 'The body is not valid JSON.');
});

const bytes: [title: string, bytes: number[], position: number][] = [
  ['a byte of Latin-1', [0x22, 0xe9, 0x22], 1],
  ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22], 1],
  ['an overlong slash', [0x22, 0x61, 0xc0, 0xaf, 0x22], 2],
  ['a character that is cut off', [0x22, 0xf0, 0x9f, 0x8e], 1],
  ['a stray byte after U+FFFD', [0x22, 0xef, 0xbf, 0xbd, 0x80, 0x22], 4],
  ['a cut character that starts like U+FFFD', [0x22, 0xef, 0xbf, 0x22], 3],
  [
    'a stray byte after characters of every length',
    [0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x8e, 0x9f, 0xff],
    10,
  ],
];
for (const [title, values, position] of bytes) {
  t.test(`${title} is not UTF-8 at position ${position}`, async (t) => {
    t.equal(
      await detailOf(Uint8Array.from(values)),
      `The body is not UTF-8: unexpected byte at position ${position}.`,
    );
  });
}
