import t from 'tap';
import { startApp } from '../support/app.js';
import { lockAwaited, lockCoupon } from '../support/locks.js';
import { patience } from '../support/patience.js';
import { openRawConnection, type RawAnswer } from '../support/raw-connection.js';
import { claimBytes, requestBytes } from '../support/raw-requests.js';

/** An error of a connection does not overtake the answers to the requests before it. */

const app = await startApp(t, { settings: { ...patience, CLAIM_LANES: '1' } });
const holders = async (coupon: string) => (await app.getCoupon(coupon)).claimed_by;

/** Returns the status and code of each answer, and its request id if that is a claim's. */
function summary(answers: RawAnswer[]): (string | number)[][] {
  return answers.map(({ status, headers, body }) => {
    const id = headers.get('x-request-id') ?? '';
    return [status, body ? JSON.parse(body).code : '', id.startsWith('claim-of-') ? id : ''];
  });
}

const garbage = 'garbage\r\n\r\n';
const largeHead = requestBytes('GET', '/health', { headers: [`X: ${'x'.repeat(20_000)}`] });
const badChunks = claimBytes('ANY', 'chunky', ['Transfer-Encoding: chunked']).replace(
  /Content-Length.*$/s,
  '\r\nzz\r\n{}',
);

const errors: [title: string, bytes: string, status: number, code: string, id?: string][] = [
  ['garbage', garbage, 400, 'malformed_http'],
  ['a head of 20 kB', largeHead, 431, 'headers_too_large'],
  ['CONNECT', requestBytes('CONNECT', 'localhost:443'), 501, 'not_implemented'],
  ['a POST whose chunks are malformed', badChunks, 400, 'malformed_http', 'claim-of-chunky'],
];
for (const [n, [title, bytes, status, code, id = '']] of errors.entries()) {
  t.test(`a claim and ${title} in one packet: the claim is answered first`, async (t) => {
    const coupon = `ONE-${n}`;
    await app.createCoupon(coupon, 5);
    const connection = openRawConnection(app.url);
    connection.send(claimBytes(coupon, 'ada') + bytes);
    t.strictSame(summary(await connection.closed()), [
      [200, '', 'claim-of-ada'],
      [status, code, id],
    ]);
    t.strictSame(await holders(coupon), ['ada']);
  });

  t.test(`two pipelined claims and ${title}: both are answered first, however long they take`, async (t) => {
    const coupon = `TWO-${n}`;
    await app.createCoupon(coupon, 5);
    const release = await lockCoupon(t, app.sql, coupon);
    const connection = openRawConnection(app.url);
    connection.send(claimBytes(coupon, 'ada') + claimBytes(coupon, 'grace') + bytes);
    await lockAwaited(app.sql);
    // Further bytes change nothing.
    connection.send(garbage, garbage);
    await app.request('GET', '/health');
    t.strictSame(connection.answers, []);
    await release();
    t.strictSame(summary(await connection.closed()), [
      [200, '', 'claim-of-ada'],
      [200, '', 'claim-of-grace'],
      [status, code, id],
    ]);
    t.strictSame(await holders(coupon), ['ada', 'grace']);
  });
}

t.test('an error does not overtake a claim that waits behind an answered request', async (t) => {
  await app.createCoupon('BEHIND', 5);
  const release = await lockCoupon(t, app.sql, 'BEHIND');
  const connection = openRawConnection(app.url);
  connection.send(requestBytes('GET', '/nowhere') + claimBytes('BEHIND', 'ada'));
  await lockAwaited(app.sql);
  t.strictSame(summary(await connection.answered(1)), [[404, 'path_not_found', '']]);
  connection.send(garbage);
  await app.request('GET', '/health');
  t.equal(connection.answers.length, 1);
  await release();
  t.strictSame(summary(await connection.closed()), [
    [404, 'path_not_found', ''],
    [200, '', 'claim-of-ada'],
    [400, 'malformed_http', ''],
  ]);
});

t.test('nothing is answered after a claim that asks to close the connection', async (t) => {
  await app.createCoupon('CLOSE', 5);
  const connection = openRawConnection(app.url);
  connection.send(claimBytes('CLOSE', 'ada', ['Connection: close']) + garbage);
  t.strictSame(summary(await connection.closed()), [[200, '', 'claim-of-ada']]);
  t.strictSame(await holders('CLOSE'), ['ada']);
});

t.test('a request gets one answer, although the rest of its body is malformed', async (t) => {
  const chunked = { headers: ['Transfer-Encoding: chunked'], body: 'zz\r\n' };
  for (const [method, target, status] of [
    ['GET', '/health', 200],
    ['DELETE', '/health', 405],
    ['GET', '/%zz', 400],
  ] as const) {
    const connection = openRawConnection(app.url);
    connection.send(requestBytes(method, target, chunked));
    const answers = await connection.closed();
    t.strictSame(
      answers.map((answer) => answer.status),
      [status],
      `${method} ${target}`,
    );
  }
});

t.test('a client that goes on sending after an error receives the error', async (t) => {
  const connection = openRawConnection(app.url);
  // A connection that is closed with bytes unread is reset, and the answer may be lost.
  connection.send(...Array.from({ length: 50 }, () => Buffer.alloc(100_000, 'x')));
  t.strictSame(summary(await connection.closed()), [[400, 'malformed_http', '']]);
  t.equal(connection.error(), undefined);
});

t.test('the server closes a connection whose client keeps it open after an error', async (t) => {
  const connection = openRawConnection(app.url);
  connection.socket.allowHalfOpen = true;
  connection.send(garbage);
  t.strictSame(summary(await connection.answered(1)), [[400, 'malformed_http', '']]);
  // Writing fails once the server has closed its side, too.
  const timer = setInterval(() => connection.send('x'), 50);
  await connection.closed();
  clearInterval(timer);
});
