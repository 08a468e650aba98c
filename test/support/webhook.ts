import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Event } from '../../src/events/event.js';
import type { Scope } from './scope.js';

export const SECRET = `whsec_${Buffer.alloc(32, 'a').toString('base64')}`;

/** A service that gets webhooks. */
export interface Receiver {
  url: string;
  /** All requests, in the order in which they came. */
  requests: { event: Event; headers: IncomingMessage['headers']; at: number; isSigned: boolean }[];
  /** Answers a request. It may be slow, or never answer. */
  answer: (event: Event, response: ServerResponse) => void;
}

/** Starts a receiver that answers each request with 204. */
export async function startReceiver(t: Scope, secret = SECRET): Promise<Receiver> {
  const receiver: Receiver = {
    url: '',
    requests: [],
    answer: (_event, response) => response.writeHead(204).end(),
  };
  const server = createServer(async (request, response) => {
    const body = await text(request).catch(() => '');
    if (!body) return;
    const event = JSON.parse(body) as Event;
    const { headers } = request;
    const isSigned = String(headers['webhook-signature'])
      .split(' ')
      .includes(signature(secret, headers, body));
    receiver.requests.push({ event, headers, at: performance.now(), isSigned });
    receiver.answer(event, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`;
  return receiver;
}

/** As the specification of Standard Webhooks says. */
function signature(secret: string, headers: IncomingMessage['headers'], body: string): string {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}
