import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/**
 * The code that the server of today answers for a claim that does not exist, and one that nobody knows yet.
 */
export const MISSING_CODE = 'claim_not_found';
export const MISSING_CODE_OF_THE_FUTURE = 'claim_evaporated';

const TIMEOUT_MS = 10_000;

/**
 * Starts a later version of the service at `url`: each object in an answer has one more member, which is no
 * text, and one code is new. Only what the contract lets grow.
 */
export async function startFuture(url: string): Promise<Server> {
  const server = createServer((request, response) => {
    answer(url, request, response).catch((error) => response.writeHead(502).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** These are of one connection, and the length of a body changes. */
const OWN_HEADERS = [
  'connection',
  'content-length',
  'host',
  'http2-settings',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
];

async function answer(url: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const sent = Object.entries(request.headers).filter(([name]) => !OWN_HEADERS.includes(name));
  const body = await text(request);
  const found = await fetch(url + request.url, {
    method: request.method as string,
    headers: Object.fromEntries(sent) as Record<string, string>,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(body && { body }),
  });
  for (const [name, value] of found.headers) if (!OWN_HEADERS.includes(name)) response.setHeader(name, value);
  const json = await found.text();
  response.writeHead(found.status).end(json && JSON.stringify(grow(JSON.parse(json))));
}

function grow(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(grow);
  if (value === MISSING_CODE) return MISSING_CODE_OF_THE_FUTURE;
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [name, grow(member)]);
  return { ...Object.fromEntries(members), since: { version: 2, tags: ['new'] } };
}
