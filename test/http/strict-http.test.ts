import t, { type Test } from 'tap';
import { type Answer, startApp } from '../support/app.js';
import { openRawConnection } from '../support/raw-connection.js';
import { sendBytes } from '../support/raw-http.js';
import { claimBytes, requestBytes } from '../support/raw-requests.js';

/** Requests that Node.js and Fastify let pass, although HTTP forbids them or we do not accept them. */

const app = await startApp(t);
await app.createCoupon('SALE', 500);

const target = '/api/coupons/claim';
const JSON_TYPE = 'Content-Type: application/json';
const CLOSE = 'Connection: close';
const body = '{"user_id":"ada","coupon_name":"SALE"}';
const chunked = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;

function send(t: Test, headers: readonly string[], sent = body): Promise<Answer> {
  const bytes = requestBytes('POST', target, { headers: [...headers, CLOSE], body: sent });
  return sendBytes(t, app.url, [bytes], { method: 'POST', path: target });
}

const host = 'The request must have exactly one valid Host header.';
const coding = 'The server implements no transfer coding but chunked.';
const encoding = 'Send the body without Content-Encoding.';
const type = 'The request must have at most one Content-Type header.';
const key = 'idempotency-key must be 1 to 255 visible ASCII characters';
const refused: [title: string, headers: string[], status: number, code: string, detail?: string][] = [
  ['two Host headers', ['Host: a', 'Host: b', JSON_TYPE], 400, 'malformed_http', host],
  ['the same Host twice', ['Host: a', 'host: a', JSON_TYPE], 400, 'malformed_http', host],
  ['a Host with a space', ['Host: a b', JSON_TYPE], 400, 'malformed_http', host],
  ['a Host with a path', ['Host: a/b', JSON_TYPE], 400, 'malformed_http', host],
  ['a Host with a user', ['Host: u@a', JSON_TYPE], 400, 'malformed_http', host],
  ['a Host with a word as its port', ['Host: a:b', JSON_TYPE], 400, 'malformed_http', host],
  ['a Host with a stray %', ['Host: a%zz', JSON_TYPE], 400, 'malformed_http', host],
  ['a Host in broken brackets', ['Host: [::1', JSON_TYPE], 400, 'malformed_http', host],
  ['gzip in chunks', [JSON_TYPE, 'Transfer-Encoding: gzip, chunked'], 501, 'not_implemented', coding],
  ['gzip instead of chunks', [JSON_TYPE, 'Transfer-Encoding: gzip'], 501, 'not_implemented', coding],
  ['an unknown coding', [JSON_TYPE, 'Transfer-Encoding: x'], 501, 'not_implemented', coding],
  ['the coding identity', [JSON_TYPE, 'Transfer-Encoding: identity'], 501, 'not_implemented', coding],
  ['chunks in chunks', [JSON_TYPE, 'Transfer-Encoding: chunked, chunked'], 400, 'malformed_http'],
  ['chunks in gzip', [JSON_TYPE, 'Transfer-Encoding: chunked, gzip'], 400, 'malformed_http'],
  ['a gzipped body', [JSON_TYPE, 'Content-Encoding: gzip'], 415, 'unsupported_media_type', encoding],
  ['an empty encoding', [JSON_TYPE, 'Content-Encoding:'], 415, 'unsupported_media_type', encoding],
  ['two Content-Types', [JSON_TYPE, 'Content-Type: text/plain'], 400, 'malformed_http', type],
  ['the same Content-Type twice', [JSON_TYPE, JSON_TYPE], 400, 'malformed_http', type],
  ['a Content-Type that lists two', [`${JSON_TYPE}, application/json`], 415, 'unsupported_media_type'],
  ['two keys', [JSON_TYPE, 'Idempotency-Key: a', 'Idempotency-Key: b'], 400, 'invalid_request', key],
];
for (const [title, headers, status, code, detail] of refused) {
  t.test(`${status} ${code}: ${title}`, async (t) => {
    const isChunked = headers.some((line) => /^Transfer-Encoding:.*chunked/.test(line));
    const answer = await send(t, headers, isChunked ? chunked(body) : body);
    t.equal(answer.status, status);
    t.equal(answer.json()['code'], code);
    if (detail) t.equal(answer.json()['detail'], detail);
    t.strictSame((await app.getCoupon('SALE')).claimed_by, [], 'nothing was changed');
  });
}

t.test('400: HTTP/1.1 without a Host, also for an unknown path', async (t) => {
  for (const path of ['/health', '/nowhere']) {
    const answer = await sendBytes(t, app.url, [`GET ${path} HTTP/1.1\r\n${CLOSE}\r\n\r\n`]);
    t.match(answer.json(), { code: 'malformed_http', error: 'malformed HTTP request', detail: host });
  }
});

t.test('400: HTTP/1.0 allows neither two Hosts nor chunks', async (t) => {
  for (const [headers, detail] of [
    ['Host: a\r\nHost: b', host],
    ['Transfer-Encoding: chunked', 'HTTP/1.0 has no Transfer-Encoding.'],
  ]) {
    const bytes = `POST ${target} HTTP/1.0\r\n${headers}\r\n${JSON_TYPE}\r\n\r\n0\r\n\r\n`;
    const answer = await sendBytes(t, app.url, [bytes], { method: 'POST', path: target });
    t.match(answer.json(), { code: 'malformed_http', detail });
  }
});

const valid: [title: string, headers: string[]][] = [
  ...[
    '',
    'LOCALHOST:3000',
    'a.b-c_d~e.example.',
    '127.0.0.1:',
    '[::1]:3000',
    '[fe80::1%25eth0]',
    '%41',
    "!$&'()*+,;=",
  ].map((value): [string, string[]] => [`Host: ${value}`, [`Host: ${value}`, JSON_TYPE]]),
  ['a comma in a parameter of the media type', [`${JSON_TYPE}; profile="a,b"`]],
  ['Content-Encoding: identity', [JSON_TYPE, 'Content-Encoding: identity']],
  ['CHUNKED in upper case', [JSON_TYPE, 'Transfer-Encoding: CHUNKED']],
  ['Upgrade, which is ignored', [JSON_TYPE, 'Connection: Upgrade, close', 'Upgrade: websocket']],
  ['two Accept headers', [JSON_TYPE, 'Accept: text/html', 'Accept: */*']],
];
for (const [n, [title, headers]] of valid.entries()) {
  t.test(`200: ${title}`, async (t) => {
    const claim = JSON.stringify({ user_id: `valid-${n}`, coupon_name: 'SALE' });
    const isChunked = headers.includes('Transfer-Encoding: CHUNKED');
    t.equal((await send(t, headers, isChunked ? chunked(claim) : claim)).status, 200);
  });
}

t.test('200: a GET has no body that could be encoded', async (t) => {
  const bytes = requestBytes('GET', '/health', { headers: ['Content-Encoding: gzip', CLOSE] });
  t.equal((await sendBytes(t, app.url, [bytes])).status, 200);
});

t.test('200: the last of 2,500 short headers counts', async (t) => {
  const claim = JSON.stringify({ user_id: 'many', coupon_name: 'SALE' });
  const headers = [JSON_TYPE, ...Array.from({ length: 2_500 }, () => 'a:'), 'Idempotency-Key: k'];
  t.equal((await send(t, headers, claim)).status, 200);
  const again = await send(t, headers, claim);
  t.strictSame([again.status, again.headers.get('idempotent-replayed')], [200, 'true']);
});

t.test('501: CONNECT is answered with the id of the request, and the connection is closed', async (t) => {
  const connection = openRawConnection(app.url);
  const bytes = requestBytes('CONNECT', 'localhost:443', { headers: ['X-Request-Id: mine'] });
  connection.send(bytes, 'further bytes');
  const [answer, ...others] = await connection.closed();
  t.strictSame(others, []);
  t.strictSame([answer?.status, answer?.headers.get('x-request-id')], [501, 'mine']);
  t.match(JSON.parse(answer?.body ?? ''), {
    code: 'not_implemented',
    detail: 'The server does not implement CONNECT.',
  });
});

t.test('a client that resets its connection after CONNECT does no harm', async (t) => {
  const connection = openRawConnection(app.url);
  connection.send(requestBytes('CONNECT', 'localhost:443'));
  connection.socket.resetAndDestroy();
  t.equal((await app.request('GET', '/health')).status, 200);
});

t.test('no 100 Continue for a request that is refused by its head', async (t) => {
  for (const [method, path, headers, status] of [
    ['POST', target, [JSON_TYPE, 'Content-Length: 1048577'], 413],
    ['POST', target, ['Content-Type: text/plain', 'Content-Length: 5'], 415],
    ['POST', target, ['Host: a', 'Host: b', 'Content-Length: 5'], 400],
    ['POST', '/health', [JSON_TYPE, 'Content-Length: 5'], 405],
  ] as const) {
    const connection = openRawConnection(app.url);
    connection.send(requestBytes(method, path, { headers: [...headers, 'Expect: 100-continue'] }));
    const answers = await connection.closed();
    t.strictSame(
      answers.map((answer) => answer.status),
      [status],
    );
    if (status === 413) t.equal(JSON.parse(answers[0]?.body ?? '').detail, 'The body must be at most 1 MiB.');
  }
});

t.test('100 Continue: the server asks for a body that it reads, in the order of the answers', async (t) => {
  const [head = '', rest = ''] = claimBytes('SALE', 'second', ['Expect: 100-continue']).split('{');
  const connection = openRawConnection(app.url);
  connection.send(claimBytes('SALE', 'first') + head);
  t.strictSame(
    (await connection.answered(2)).map(({ status }) => status),
    [200, 100],
  );
  connection.send(`{${rest}`);
  t.equal((await connection.answered(3))[2]?.status, 200);
  connection.socket.destroy();
});

t.test('a request without a body is answered in one piece, also if it expects 100 Continue', async (t) => {
  const page = requestBytes('GET', '/docs', { headers: ['Expect: 100-continue'] });
  const connection = openRawConnection(app.url);
  connection.send(requestBytes('GET', '/health') + page + requestBytes('GET', '/health'));
  const answers = await connection.answered(3);
  t.strictSame(
    answers.map(({ status }) => status),
    [200, 200, 200],
  );
  t.match(answers[1]?.body, /^<!doctype html>.*<\/html>\n$/s);
  connection.socket.destroy();
});

t.test('413: a client that sends all of a large body gets the answer, and may go on', async (t) => {
  const connection = openRawConnection(app.url);
  const large = ' '.repeat(8 * 1024 ** 2);
  connection.send(requestBytes('POST', target, { headers: [JSON_TYPE], body: large }));
  connection.send(claimBytes('SALE', 'after'));
  t.strictSame(
    (await connection.answered(2)).map(({ status }) => status),
    [413, 200],
  );
  connection.socket.destroy();
});

t.test('answers to GET may not be cached, nor taken for a script', async (t) => {
  for (const path of ['/health', '/api/coupons/SALE', '/api/coupons/NONE', '/nowhere', '/%zz']) {
    const { headers } = await app.request('GET', path);
    t.equal(headers.get('cache-control'), 'no-store', path);
    t.equal(headers.get('x-content-type-options'), 'nosniff', path);
  }
});
