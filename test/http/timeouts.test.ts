import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { readContract } from '../../src/contract.js';
import { requestWarnings, startApp } from '../support/app.js';
import { lockAwaited, lockCoupon } from '../support/locks.js';
import { patience } from '../support/patience.js';
import { openRawConnection, type RawAnswer, type RawConnection } from '../support/raw-connection.js';
import { claimBytes, requestBytes } from '../support/raw-requests.js';

/** Two seconds instead of thirty. Even on a busy machine, a fast request arrives in them. */
const REQUEST_MS_MAX = 2_000;
/** Node.js checks once a second. */
const CHECK_MS = 1_000;

const app = await startApp(t, {
  contract: { ...readContract(), 'x-request-ms-max': REQUEST_MS_MAX },
  settings: patience,
});
await app.createCoupon('SLOW', 5);

function connectWith(...pieces: string[]): RawConnection {
  const connection = openRawConnection(app.url);
  connection.send(...pieces);
  return connection;
}

function isTimeout(t: Test, answer: RawAnswer | undefined): void {
  t.equal(answer?.status, 408);
  t.strictSame(JSON.parse(answer?.body || '{}'), {
    type: 'urn:problem-type:coupons:request_timeout',
    title: 'Request timeout',
    code: 'request_timeout',
    error: 'request timeout',
    detail: 'The request did not arrive in time. Nothing was changed.',
  });
  t.equal(answer?.headers.get('connection'), 'close');
}

t.test('the contract gives a request 30 seconds', async (t) => {
  t.equal(readContract()['x-request-ms-max'], 30_000);
});

const claim = claimBytes('SLOW', 'never');
const chunked = claim.replace(/Content-Length.*$/s, 'Transfer-Encoding: chunked\r\n\r\nff\r\n{');
const unfinished: [stopsIn: string, bytes: string, id?: string][] = [
  ['a method', 'POS'],
  ['a request line', 'GET /health HTTP/1.1\r\n'],
  ['a header', 'GET /health HTTP/1.1\r\nHost: lo'],
  ['the head', claim.replace(/\r\n\r\n.*$/s, '\r\n')],
  ['the body', claim.slice(0, -1), 'claim-of-never'],
  ['the first chunk', chunked, 'claim-of-never'],
];

await t.test('slow requests', async (t) => {
  // They all wait at the same time.
  t.jobs = 20;
  const test = (title: string, check: (t: Test) => Promise<void>) =>
    void t.test(title, { buffered: true }, check);

  for (const [stopsIn, bytes, id] of unfinished) {
    test(`408: a request that stops in the middle of ${stopsIn}`, async (t) => {
      const startedAt = performance.now();
      const [answer, ...others] = await connectWith(bytes).closed();
      t.ok(performance.now() - startedAt >= REQUEST_MS_MAX, 'it had its time');
      isTimeout(t, answer);
      t.strictSame(others, []);
      if (id) t.equal(answer?.headers.get('x-request-id'), id, 'the answer has the id of the request');
    });
  }

  for (const [part, fast, slow] of [
    ['head', '', requestBytes('GET', '/health', { headers: [`X-Filler: ${'x'.repeat(500)}`] })],
    ['body', claim.slice(0, -2), ' '.repeat(500)],
  ] as const) {
    test(`408: a ${part} takes too long, although its bytes keep coming`, async (t) => {
      const length = Number(/Content-Length: (\d+)/.exec(fast)?.[1]);
      const connection = connectWith(fast.replace(/(Content-Length: )\d+/, `$1${length + slow.length}`));
      const closed = connection.closed();
      for (const byte of slow) {
        if (connection.answers.length > 0) break;
        connection.send(byte);
        await sleep(20);
      }
      isTimeout(t, (await closed)[0]);
    });
  }

  test('the time of a request starts with its first byte, and ends with its last', async (t) => {
    await app.createCoupon('LOCKED', 5);
    const connection = connectWith(claimBytes('LOCKED', 'ada'));
    t.equal((await connection.answered(1))[0]?.status, 200);
    await sleep(REQUEST_MS_MAX + 1.2 * CHECK_MS);
    const release = await lockCoupon(t, app.sql, 'LOCKED');
    connection.send(claimBytes('LOCKED', 'grace'));
    await lockAwaited(app.sql);
    await sleep(REQUEST_MS_MAX + 1.2 * CHECK_MS);
    t.equal(connection.answers.length, 1, 'an answer may take longer');
    await release();
    t.equal((await connection.answered(2))[1]?.status, 200);
    connection.socket.destroy();
  });

  test('a slow second request gets 408 after the answer to the first', async (t) => {
    const answers = await connectWith(`${claimBytes('SLOW', 'ada')}POST /api`).closed();
    t.equal(answers[0]?.status, 200);
    t.equal(answers[0]?.headers.get('x-request-id'), 'claim-of-ada');
    isTimeout(t, answers[1]);
  });

  test('a request that is answered before its body has come gets no second answer', async (t) => {
    const bytes = requestBytes('DELETE', '/health', { headers: ['Content-Length: 5'], body: 'x' });
    const answers = await connectWith(bytes).closed();
    t.strictSame(
      answers.map(({ status }) => status),
      [405],
    );
  });

  test('a connection without a byte is closed without an answer', async (t) => {
    const connection = connectWith();
    t.strictSame(await connection.closed(), []);
    t.equal(connection.rest().length, 0);
  });
});

t.test('slow requests change nothing, and cause no warning', async (t) => {
  t.strictSame((await app.getCoupon('SLOW')).claimed_by, ['ada']);
  t.strictSame(requestWarnings(app), []);
});
