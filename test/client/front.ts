import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Scope } from '../support/scope.js';

/** An answer in place of that of the service. */
export interface MadeAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/**
 * What happens to a request: it passes; the connection breaks before it reaches the service, after the
 * service has answered it, or in the middle of the answer; it never gets an answer; or it gets another one.
 */
export type Move = 'pass' | 'cut before' | 'cut after' | 'cut within' | 'hold' | MadeAnswer;

export interface Request {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** A way to the service that fails as a test wants. */
export interface Front {
  url: string;
  /** The requests so far. */
  requests: Request[];
}

/**
 * Starts a way to the service.
 * @param play decides about each request. The first one has the number 1.
 * @param change changes the bodies of answers that pass.
 */
export async function startFront(
  t: Scope,
  target: string,
  play: (number: number, request: Request) => Move,
  change: (body: string) => string = (body) => body,
): Promise<Front> {
  const requests: Request[] = [];
  const answer = async (incoming: IncomingMessage, response: ServerResponse) => {
    const { method = '', url: path = '', headers } = incoming;
    const request = { method, path, headers, body: await text(incoming) };
    requests.push(request);
    const move = play(requests.length, request);
    if (move === 'hold') return;
    if (move === 'cut before') return incoming.socket.destroy();
    if (typeof move === 'object') {
      response.writeHead(move.status, move.headers);
      return response.end(typeof move.body === 'object' ? JSON.stringify(move.body) : move.body);
    }
    const passed = await fetch(target + path, {
      method,
      headers: withoutConnection(headers),
      ...(request.body && { body: request.body }),
    });
    const body = change(await passed.text());
    if (move === 'cut after') return incoming.socket.destroy();
    const kept = [...passed.headers].filter(([name]) => !HOP_HEADERS.includes(name));
    response.writeHead(passed.status, [...kept, ['content-length', String(Buffer.byteLength(body))]].flat());
    if (move === 'pass') return response.end(body);
    return response.write(body.slice(0, body.length / 2), () => incoming.socket.destroy());
  };
  const server = createServer((incoming, response) => {
    answer(incoming, response).catch(() => incoming.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

const HOP_HEADERS = ['connection', 'content-length', 'host', 'keep-alive', 'transfer-encoding'];

function withoutConnection(headers: IncomingMessage['headers']): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => !HOP_HEADERS.includes(name));
  return Object.fromEntries(kept) as Record<string, string>;
}

/** A problem of the service, or of a newer one. */
export function problem(
  status: number,
  code: string,
  headers: Record<string, string> = {},
  more: Record<string, unknown> = {},
): MadeAnswer {
  return {
    status,
    headers: { 'content-type': 'application/problem+json', 'x-request-id': 'made-up', ...headers },
    body: { type: `urn:x:${code}`, title: code, code, error: `sentence of ${code}`, detail: code, ...more },
  };
}
