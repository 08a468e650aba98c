import t from 'tap';
import { startApp } from '../support/app.js';
import { sendBytes } from '../support/raw-http.js';

/** Requests that no HTTP client sends. sendBytes checks each answer against the contract. */

const app = await startApp(t);

const malformed: [string, string | Buffer][] = [
  ['nonsense', 'nonsense\r\n\r\n'],
  ['a TLS handshake', Buffer.from('16030100a5010000a10303', 'hex')],
  ['an unknown method', 'FLY /health HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a target that is no path', 'GET health HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['another protocol', 'GET /health FTP/1.0\r\nHost: x\r\n\r\n'],
  ['a version that is none', 'GET /health HTTP/9.9\r\nHost: x\r\n\r\n'],
  ['a header without a colon', 'GET /health HTTP/1.1\r\nHost x\r\n\r\n'],
  ['a header with a NUL', 'GET /health HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n'],
  ['a space before the colon', 'GET /health HTTP/1.1\r\nHost : x\r\n\r\n'],
  ['a length that is no number', 'POST /api/coupons HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n'],
  [
    'two lengths',
    'POST /api/coupons HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}',
  ],
  [
    'a length beside chunks',
    'POST /api/coupons HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
];
for (const [title, bytes] of malformed) {
  t.test(`400: ${title} is malformed HTTP`, async (t) => {
    const answer = await sendBytes(t, app.url, [bytes]);
    t.equal(answer.status, 400);
    t.strictSame(answer.json(), {
      type: 'urn:problem-type:coupons:malformed_http',
      title: 'Malformed HTTP request',
      code: 'malformed_http',
      error: 'malformed HTTP request',
      detail: 'The server could not read the request as HTTP.',
    });
    t.equal(answer.headers.get('connection'), 'close');
    t.match(answer.headers.get('x-request-id'), /^[\w-]+$/);
  });
}

const tooLarge: [string, string][] = [
  ['a header of 17 KiB', `GET /health HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(17 * 1024)}\r\n\r\n`],
  ['a path of 17 KiB', `GET /api/coupons/${'x'.repeat(17 * 1024)} HTTP/1.1\r\nHost: x\r\n\r\n`],
  ['many headers', `GET /health HTTP/1.1\r\nHost: x\r\n${'X-Filler: 0123456789\r\n'.repeat(1000)}\r\n`],
];
for (const [title, bytes] of tooLarge) {
  t.test(`431: ${title} exceeds 16 KiB`, async (t) => {
    const answer = await sendBytes(t, app.url, [bytes]);
    t.equal(answer.status, 431);
    t.strictSame(answer.json(), {
      type: 'urn:problem-type:coupons:headers_too_large',
      title: 'Headers too large',
      code: 'headers_too_large',
      error: 'request headers too large',
      detail: 'The request line and headers must be at most 16 KiB together.',
    });
  });
}

t.test('200: HTTP/1.0 needs no Host', async (t) => {
  t.equal((await sendBytes(t, app.url, ['GET /health HTTP/1.0\r\n\r\n'])).status, 200);
});

t.test('200: the server ignores an unknown expectation', async (t) => {
  const head = 'GET /health HTTP/1.1\r\nHost: x\r\nExpect: the-best\r\nConnection: close\r\n\r\n';
  t.equal((await sendBytes(t, app.url, [head])).status, 200);
});

t.test('200: a header of 15 KiB is accepted', async (t) => {
  const head = 'GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n';
  t.equal((await sendBytes(t, app.url, [`${head}X: ${'x'.repeat(15 * 1024)}\r\n\r\n`])).status, 200);
});

const createCoupon = { method: 'POST', path: '/api/coupons' };
const chunkedHead =
  'POST /api/coupons HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n' +
  'Transfer-Encoding: chunked\r\n\r\n';
const chunk = (bytes: Buffer) => `${bytes.length.toString(16)}\r\n${bytes.toString('latin1')}\r\n`;

t.test('400: a chunk without a length is malformed HTTP', async (t) => {
  const answer = await sendBytes(t, app.url, [chunkedHead, 'zz\r\n{}\r\n0\r\n\r\n'], createCoupon);
  t.equal(answer.status, 400);
  t.equal(answer.json()['code'], 'malformed_http');
});

t.test('413: a body of 5 MB is refused, also in chunks and without its length', async (t) => {
  const chunks = Array.from({ length: 80 }, () => chunk(Buffer.alloc(0x10000, ' ')));
  const answer = await sendBytes(t, app.url, [chunkedHead, ...chunks, '0\r\n\r\n'], createCoupon);
  t.equal(answer.status, 413);
  t.equal(answer.json()['error'], 'request body too large');
});

t.test('201: a body in chunks is read, also if a character is split', async (t) => {
  const body = Buffer.from('{"name":"🎟","amount":1}');
  const pieces = [body.subarray(0, 11), body.subarray(11), Buffer.alloc(0)].map((bytes) =>
    Buffer.from(chunk(bytes), 'latin1'),
  );
  t.equal((await sendBytes(t, app.url, [chunkedHead, ...pieces], createCoupon)).status, 201);
  t.equal((await app.getCoupon('🎟')).amount, 1);
});

t.test('the server is healthy after all of these requests', async (t) => {
  t.equal((await app.request('GET', '/health')).text, '{"status":"healthy"}');
});
