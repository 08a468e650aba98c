import t from 'tap';
import { requestWarnings, startApp } from '../support/app.js';
import { openRawConnection } from '../support/raw-connection.js';
import { requestBytes } from '../support/raw-requests.js';
import { until } from '../support/until.js';

const app = await startApp(t);

/** Unfinished requests. */
const uploads: [title: string, header: string, body: string][] = [
  ['a body with a length', 'Content-Length: 40', '{"user_id":"ada","coupon_n'],
  ['a body of which nothing came', 'Content-Length: 40', ''],
  ['a chunked body', 'Transfer-Encoding: chunked', '5\r\n{"use\r\n'],
];
const bytesOf = (id: string, header: string, body: string) =>
  requestBytes('POST', '/api/coupons/claim', {
    headers: ['Content-Type: application/json', `X-Request-Id: ${id}`, header],
    body,
  });

for (const [n, [title, header, body]] of uploads.entries()) {
  for (const end of ['resets', 'closes'] as const) {
    t.test(`a client that ${end} its connection in ${title} is no failure of the database`, async (t) => {
      const id = `${end}-${n}`;
      const connection = openRawConnection(app.url);
      connection.send(bytesOf(id, header, body));
      await until('the bytes to be sent', () => connection.socket.writableLength === 0);
      // The bytes are at the server when a later request is answered.
      await app.request('GET', '/health');
      if (end === 'resets') {
        connection.socket.resetAndDestroy();
        const line = await until('the line of the request', () =>
          app.log.find(({ msg, reqId }) => msg === 'the request was broken off' && reqId === id),
        );
        t.match(line['err'], { code: 'ECONNRESET' });
      } else {
        connection.socket.destroy();
      }
      t.equal((await app.request('GET', '/health')).status, 200);
      t.strictSame(requestWarnings(app), []);
    });
  }
}

t.test('400: a client that half-closes its connection in a body', async (t) => {
  const connection = openRawConnection(app.url);
  connection.send(bytesOf('half', 'Content-Length: 40', '{"user_id":"ada"'));
  connection.socket.end();
  const answers = await connection.closed();
  t.strictSame(
    answers.map(({ status, headers }) => [status, headers.get('x-request-id')]),
    [[400, 'half']],
  );
  t.strictSame(requestWarnings(app), []);
});
