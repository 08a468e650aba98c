import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
import type { ErrorCode, Problem } from '../contract.js';
import { problemKinds } from './problem-kinds.js';
import { PROBLEM_MEDIA_TYPE, problemOf, sendProblem } from './problems.js';
import { createRequestIds } from './request-ids.js';

/**
 * Errors of a connection: bytes that are not an HTTP request, and requests that Node.js gives to
 * nobody. The answers to the requests before them go first: each client reads its answers in order.
 */

const codes: Record<string, ErrorCode> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/**
 * How long a closing connection is read. Closing at once would reset it, and the client may lose our answer.
 */
const LINGER_MS = 2_000;

const requestIds = createRequestIds();
const closing = new WeakSet<Socket>();

const LAST_REPLY = Symbol('last reply');
/** Node.js sets the server. */
type Connection = Socket & { [LAST_REPLY]?: FastifyReply | undefined; server?: Server };
const REFUSED = 'refused';

/** Remembers the reply to the last request of a connection. Call it for each request. */
export function rememberReply(reply: FastifyReply): void {
  (reply.request.raw.socket as Connection)[LAST_REPLY] = reply;
}

/** Forgets a reply that has been sent, so that an idle connection holds no memory of it. */
export function forgetReply(reply: FastifyReply): void {
  const { raw } = reply.request;
  const connection = raw.socket as Connection;
  // The rest of an answered request may still arrive, and may be malformed.
  if (connection[LAST_REPLY] === reply && raw.complete) connection[LAST_REPLY] = undefined;
}

/**
 * Calls back with the reply that a client did not wait for: Fastify's onResponse does not come then. If a
 * client sent several requests at once, it is the last one.
 */
export function onClientGone(server: Server, callback: (reply: FastifyReply) => void): void {
  server.on('connection', (socket: Connection) =>
    socket.once('close', () => {
      const reply = socket[LAST_REPLY];
      if (reply && !reply.raw.writableFinished) callback(reply);
    }),
  );
}

/**
 * Calls back with the code of each problem that belongs to no request, and so to no route and hook of
 * Fastify.
 */
export function onRefused(server: Server, callback: (code: ErrorCode) => void): void {
  server.on(REFUSED, callback);
}

/** Handles bytes that Node.js could not parse, and requests that did not arrive in time. */
export function handleClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  const isOfParser = error.code?.startsWith('HPE_') || error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  // A connection without a single byte is one that a client keeps ready: it expects no answer.
  if (!isOfParser || socket.bytesRead === 0) {
    socket.destroy();
    return;
  }
  if (closing.has(socket)) return;
  const code = codes[error.code ?? ''] ?? 'malformed_http';
  const last = (socket as Connection)[LAST_REPLY];
  if (last && !last.request.raw.complete) refuseRest(last, code, socket);
  else endAfterAnswers(socket, code, requestIds({ headers: {} }));
}

/** Refuses a request to connect to another host: we are no proxy. */
export function refuseConnect(request: IncomingMessage, socket: Socket): void {
  // Node.js takes its own listeners away and hands the connection over.
  socket.on('error', () => socket.destroy());
  socket.resume();
  endAfterAnswers(socket, 'not_implemented', requestIds(request), {
    detail: 'The server does not implement CONNECT.',
  });
}

/** The connection failed in the middle of the last request. */
function refuseRest(reply: FastifyReply, code: ErrorCode, socket: Socket): void {
  const { raw } = reply.request;
  const refuse = () => sendProblem(reply.header('Connection', 'close'), code);
  if (!reply.sent && raw.readableFlowing) return void refuse();
  afterAnswers(socket, () => end(socket, ''));
  // A hook may still run before the body is read. The rest of the body never comes.
  if (!reply.sent) raw.once('resume', () => reply.sent || refuse());
}

function endAfterAnswers(
  socket: Socket,
  code: ErrorCode,
  id: string,
  override?: Partial<Pick<Problem, 'detail'>>,
): void {
  (socket as Connection).server?.emit(REFUSED, code);
  const { status } = problemKinds[code];
  const body = JSON.stringify(problemOf(code, override));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${id}`,
    'Connection: close',
  ];
  afterAnswers(socket, () => end(socket, `${head.join('\r\n')}\r\n\r\n${body}`));
}

/** Answers are sent in the order of their requests: when the last one is sent, all are. */
function afterAnswers(socket: Socket, callback: () => void): void {
  closing.add(socket);
  const response = (socket as Connection)[LAST_REPLY]?.raw;
  if (!response || response.destroyed) callback();
  else response.once('close', callback);
}

function end(socket: Socket, text: string): void {
  // The last answer may have been one that closes the connection.
  if (!socket.writable) return;
  socket.end(text);
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(timer));
}
