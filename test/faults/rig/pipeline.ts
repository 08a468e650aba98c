import { connect } from 'node:net';
import type { ClaimOperation, ClientEnd } from '../history.js';
import { Lost, type Reply } from './exchange.js';
import type { Recorder } from './recorder.js';

/**
 * Sends claims for one coupon over one connection, all at once: they arrive in the order of the users.
 * @param connection the number of the connection.
 */
export async function claimInOrder(
  recorder: Recorder,
  ends: ClientEnd[],
  url: string,
  connection: number,
  coupon: string,
  users: readonly string[],
): Promise<void> {
  const { hostname, port, host } = new URL(url);
  const begun = users.map((user, place) => {
    ends.push({ client: user, coupon, user, startedAt: recorder.now() });
    const arrival = { connection, place };
    return recorder.begin({ kind: 'claim', client: user, coupon, user, service: 0, arrival });
  });
  const requests = users.map((user) => {
    const body = JSON.stringify({ coupon_name: coupon, user_id: user });
    return `POST /api/coupons/claim HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  });
  const socket = connect(Number(port), hostname);
  socket.setTimeout(30_000, () => socket.destroy());
  socket.on('error', () => {});
  socket.write(requests.join(''));
  const waiting = [...begun];
  let received = '';
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    received += text;
    for (let reply = takeReply(); reply; reply = takeReply())
      finish(waiting.shift() as ClaimOperation, reply);
    if (waiting.length === 0) socket.destroy();
  });
  await new Promise((resolve) => socket.once('close', resolve));
  for (const operation of waiting) recorder.lose(operation, new Lost('CLOSED'));

  function takeReply(): Reply | undefined {
    const headEnd = received.indexOf('\r\n\r\n');
    if (headEnd < 0) return undefined;
    const [statusLine = '', ...fields] = received.slice(0, headEnd).split('\r\n');
    const headers = new Headers(fields.map((field) => field.split(/: ?(.*)/s, 2) as [string, string]));
    // Bodies of this API's errors are ASCII, so that their bytes are their characters.
    const bodyEnd = headEnd + 4 + Number(headers.get('content-length') ?? 0);
    if (received.length < bodyEnd) return undefined;
    const text = received.slice(headEnd + 4, bodyEnd);
    received = received.slice(bodyEnd);
    return { status: Number(statusLine.split(' ')[1]), headers, text };
  }

  function finish(operation: ClaimOperation, reply: Reply): void {
    const { status } = recorder.end(operation, 'POST', '/api/coupons/claim', reply);
    const end = ends.find(({ client }) => client === operation.client) as ClientEnd;
    end.endedAt = recorder.now();
    end.verdict = status === 200 || status === 409 ? 'holds' : status < 500 ? 'refused' : 'gave_up';
  }
}
