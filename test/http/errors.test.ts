import t, { type Test } from 'tap';
import { type Answer, startApp } from '../support/app.js';
import { UNDIVIDED } from '../support/database.js';

const app = await startApp(t);
const JSON_TYPE = { 'Content-Type': 'application/json' };
const posts = ['/api/coupons', '/api/coupons/claim'];
const MEBIBYTE = 1024 ** 2;

/** Checks that the answer is this problem, with exactly the five members, all of them strings. */
function isProblem(t: Test, answer: Answer, status: number, code: string, error: string): void {
  t.equal(answer.status, status);
  t.match(answer.headers.get('content-type'), /^application\/problem\+json\b/);
  const problem = answer.json();
  t.strictSame(Object.keys(problem).sort(), ['code', 'detail', 'error', 'title', 'type']);
  t.ok(Object.values(problem).every((member) => typeof member === 'string' && member !== ''));
  t.equal(problem['type'], `urn:problem-type:coupons:${code}`);
  t.strictSame([problem['code'], problem['error']], [code, error]);
}

const unreadable: [string, string | Uint8Array<ArrayBuffer>][] = [
  ['nothing', ''],
  ['white space', ' \n'],
  ['a word', 'name'],
  ['an object without its end', '{"name":"A","amount":1'],
  ['an object with something behind it', '{"name":"A","amount":1}}'],
  ['two objects', '{"name":"A","amount":1}{"name":"A","amount":1}'],
  ['a comma too many', '{"name":"A","amount":1,}'],
  ['single quotes', "{'name':'A','amount':1}"],
  ['names without quotes', '{name:"A",amount:1}'],
  ['a comment', '{"name":"A",/* how many */"amount":1}'],
  ['a number with a leading zero', '{"name":"A","amount":01}'],
  ['a number that is none', '{"name":"A","amount":NaN}'],
  ['a line break within a text', '{"name":"A\nB","amount":1}'],
  ['an unknown escape', '{"name":"\\x41","amount":1}'],
  ['a form', 'name=A&amount=1'],
  ['XML', '<name>A</name>'],
  ['a byte-order mark', '\ufeff{"name":"A","amount":1}'],
  ['bytes that are no UTF-8', Uint8Array.from(Buffer.from('{"name":"caf\xe9","amount":1}', 'latin1'))],
  ['a surrogate in UTF-8', Uint8Array.from(Buffer.from('{"name":"\xed\xa0\x80","amount":1}', 'latin1'))],
  ['an overlong slash', Uint8Array.from(Buffer.from('{"name":"\xc0\xaf","amount":1}', 'latin1'))],
  ['UTF-16', Uint8Array.from(Buffer.from('{"name":"A","amount":1}', 'utf16le'))],
  ['null', 'null'],
  ['a boolean', 'true'],
  ['a number', '42'],
  ['a text', '"SUMMER"'],
  ['a text with an object', '"{}"'],
  ['an array', '[]'],
  ['an array with an object', '[{"name":"A","amount":1}]'],
  ['100,000 arrays in each other', '['.repeat(100_000) + ']'.repeat(100_000)],
  ['100,000 arrays without their ends', '['.repeat(100_000)],
];
for (const path of posts) {
  for (const [title, raw] of unreadable) {
    t.test(`400: POST ${path} refuses ${title} as a body`, async (t) => {
      const answer = await app.request('POST', path, { raw, headers: JSON_TYPE });
      isProblem(t, answer, 400, 'invalid_body', 'invalid request body');
    });
  }

  t.test(`400: POST ${path} refuses a field with 100,000 levels of JSON`, async (t) => {
    const raw = `{"name":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)},"amount":1}`;
    const answer = await app.request('POST', path, { raw, headers: JSON_TYPE });
    t.equal(answer.status, 400);
    t.equal(answer.json()['code'], 'invalid_request');
  });

  t.test(`400: POST ${path} refuses a request without body and media type`, async (t) => {
    const answer = await app.request('POST', path);
    isProblem(t, answer, 400, 'invalid_body', 'invalid request body');
  });

  t.test(`415: POST ${path} accepts only application/json`, async (t) => {
    const types = ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'application/jsonp'];
    types.push('text/json', 'multipart/form-data; boundary=x', 'application/problem+json', 'json', '*/*');
    for (const type of types) {
      const headers = { 'Content-Type': type };
      const answer = await app.request('POST', path, { raw: '{}', headers });
      isProblem(t, answer, 415, 'unsupported_media_type', 'unsupported media type');
    }
    const bytes = await app.request('POST', path, { raw: Uint8Array.from(Buffer.from('{}')) });
    isProblem(t, bytes, 415, 'unsupported_media_type', 'unsupported media type');
  });

  t.test(`413: POST ${path} accepts 1 MiB and not one byte more`, async (t) => {
    const send = (bytes: number) =>
      app.request('POST', path, { raw: '{}'.padEnd(bytes), headers: JSON_TYPE });
    isProblem(t, await send(MEBIBYTE + 1), 413, 'payload_too_large', 'request body too large');
    isProblem(t, await send(5_000_000), 413, 'payload_too_large', 'request body too large');
    const largest = await send(MEBIBYTE);
    t.match(largest.json(), { code: 'invalid_request', error: / is required$/ }, 'the body was read');
  });
}

t.test('201: parameters and case of the media type make no difference', async (t) => {
  const types = ['application/json; charset=utf-8', 'Application/JSON', 'application/json;charset="UTF-8"'];
  for (const [i, type] of types.entries()) {
    const raw = JSON.stringify({ name: `type ${i}`, amount: 1 });
    const answer = await app.request('POST', '/api/coupons', { raw, headers: { 'Content-Type': type } });
    t.equal(answer.status, 201, type);
  }
});

t.test('404: an unknown path, whatever the method and the body', async (t) => {
  const paths = [
    '/',
    '/nowhere',
    '/api',
    '/api/coupon',
    '/api/coupons/a/b',
    '/health/',
    '/HEALTH',
    '//health',
  ];
  for (const path of [...paths, '/api/coupons/claim/', '/api/coupons?/health/x', '/openapi.yml', '/.env']) {
    for (const method of path.includes('?') ? [] : ['GET', 'POST', 'DELETE', 'PURGE']) {
      const answer = await app.request(method, path);
      isProblem(t, answer, 404, 'path_not_found', 'path not found');
    }
  }
  const answer = await app.request('POST', '/nowhere', { raw: '{', headers: JSON_TYPE });
  isProblem(t, answer, 404, 'path_not_found', 'path not found');
});

const known: [path: string, allow: string, others: string[]][] = [
  ['/health', 'GET', ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']],
  ['/api/coupons', 'GET, POST', ['PUT', 'PATCH', 'DELETE', 'OPTIONS']],
  ['/api/coupons/SUMMER', 'GET, DELETE, PATCH', ['POST', 'PUT', 'OPTIONS']],
  ['/api/coupons/claim', 'GET, DELETE, PATCH, POST', ['PUT', 'OPTIONS']],
];
for (const [path, allow, others] of known) {
  t.test(`405: ${path} allows only ${allow}`, async (t) => {
    for (const method of others) {
      const answer = await app.request(method, `${path}?x=1`);
      isProblem(t, answer, 405, 'method_not_allowed', 'method not allowed');
      t.equal(answer.headers.get('allow'), allow);
    }
    // The client of the tests expects a body, which no answer to HEAD has.
    const head = await fetch(app.url + path, { method: 'HEAD' });
    t.strictSame([head.status, head.headers.get('allow'), await head.text()], [405, allow, '']);
  });

  t.test(`405: ${path} refuses another method, whatever the body`, async (t) => {
    const bodies: [string, string][] = [
      ['{', 'application/json'],
      ['', 'application/json'],
      ['name=A', 'application/x-www-form-urlencoded'],
      [' '.repeat(5_000_000), 'application/json'],
      ['{}', 'nonsense'],
    ];
    for (const [raw, type] of bodies) {
      const answer = await app.request('PUT', path, { raw, headers: { 'Content-Type': type } });
      isProblem(t, answer, 405, 'method_not_allowed', 'method not allowed');
      t.equal(answer.headers.get('allow'), allow);
    }
  });
}

t.test('400: a path must be percent-encoded UTF-8', async (t) => {
  for (const path of [
    '/api/coupons/%',
    '/api/coupons/%zz',
    '/api/coupons/%ff',
    '/%e0%a4',
    '/api/coupons/%c0%af',
  ]) {
    for (const method of ['GET', 'DELETE']) {
      const sentence = 'invalid request: the path must be percent-encoded UTF-8';
      isProblem(t, await app.request(method, path), 400, 'invalid_request', sentence);
    }
  }
});

t.test('500: the log has the error and the id of the request, and the client gets no details', async (t) => {
  const broken = await startApp(t, { shape: UNDIVIDED });
  await broken.createCoupon('SUMMER', 5);
  await broken.sql`alter table coupons rename column remaining_amount to secret_column`;
  const answers = [
    await broken.request('GET', '/api/coupons/SUMMER'),
    await broken.createCoupon('WINTER', 5),
    await broken.request('DELETE', '/api/coupons/SUMMER'),
    await broken.claim('SUMMER', 'ada'),
  ];
  for (const answer of answers) {
    isProblem(t, answer, 500, 'internal_error', 'internal server error');
    t.notMatch(answer.text, /remaining_amount|secret|column|select|insert|postgres|at .*\.[jt]s/i);
    const id = answer.headers.get('x-request-id');
    t.match(
      broken.log.filter((line) => line['reqId'] === id && line['level'] === 50),
      [{ err: { message: /column .* does not exist/, stack: String } }],
    );
  }
});
