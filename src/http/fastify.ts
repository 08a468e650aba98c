import type { IncomingMessage } from 'node:http';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Logger } from 'pino';
import type { Contract } from '../contract.js';
import { forgetReply, handleClientError, refuseConnect, rememberReply } from './client-errors.js';
import { handleError } from './error-handler.js';
import { parseJsonBody } from './json-body.js';
import { sendProblem } from './problems.js';
import { findHeadFault } from './request-head.js';
import { createRequestIds } from './request-ids.js';
import { answerUnknownRoutes } from './unknown-routes.js';
import { useContractSchemas } from './validation.js';

/** How often Node.js looks for requests that did not arrive in time. */
const TIMEOUT_CHECK_INTERVAL_MS = 1_000;
/** Load balancers usually close idle connections after 60 s. They must be the ones that close. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/**
 * No cache may keep what is read here, and no browser may take it for a script. Answers to other
 * methods are not kept without permission, and cannot be loaded by a page's tags.
 */
const GET_HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };

const NO_HEADERS: string[] = [];

/**
 * An HTTP server with the limits, errors and validation of this API, and without routes.
 * @param trustProxy whose X-Forwarded-For is believed: everyone's, nobody's, or that of these addresses.
 */
export function createFastify(
  contract: Contract,
  logger: Logger,
  trustProxy: boolean | string[] = false,
): FastifyInstance {
  const bodyBytesMax = contract['x-request-body-bytes-max'];
  const headBytesMax = contract['x-request-head-bytes-max'];
  const requestMsMax = contract['x-request-ms-max'];
  const app = Fastify({
    loggerInstance: logger,
    trustProxy,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: createRequestIds(),
    bodyLimit: bodyBytesMax,
    requestTimeout: requestMsMax,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // A closing server still answers requests on open connections, with Connection: close.
    return503OnClosing: false,
    // It would also end a close that takes longer, and cut off what is in flight. Our steps are bounded.
    pluginTimeout: 0,
    // The contract names no HEAD.
    exposeHeadRoutes: false,
    // No path is longer than the head of its request.
    routerOptions: { maxParamLength: headBytesMax },
    clientErrorHandler: handleClientError,
    http: {
      maxHeaderSize: headBytesMax,
      headersTimeout: requestMsMax,
      requestTimeout: requestMsMax,
      connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
      // Node.js would answer without a problem and an id. findHeadFault finds it.
      requireHostHeader: false,
      // Node.js would drop all but the first Host or Content-Type.
      joinDuplicateHeaders: true,
    },
    frameworkErrors: (error, request, reply) => {
      startReply(request, reply as FastifyReply);
      handleError(error, request, reply as FastifyReply);
    },
  }) as unknown as FastifyInstance;

  // A body has no meaning there, and is not read. Many clients announce one that they do not send.
  app.addHttpMethod('DELETE', { hasBody: false, overrideExisting: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, parseJsonBody);
  app.addHook('onRequest', (request, reply, done) => {
    startReply(request, reply);
    const fault = findHeadFault(request.raw);
    if (fault) return void sendProblem(reply, fault.code, { detail: fault.detail });
    // Nobody reads the raw list, which repeats the headers. A request that waits keeps less memory without it.
    request.raw.rawHeaders = NO_HEADERS;
    done();
  });
  app.addHook('onResponse', (_request, reply, done) => {
    forgetReply(reply);
    done();
  });
  app.decorateReply('problemCode', undefined);
  configureServer(app);
  useContractSchemas(app);
  answerUnknownRoutes(app, contract);
  return app;
}

/** Every reply starts here, also one to a path that the router cannot read. */
function startReply(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('X-Request-Id', request.id);
  if (request.method === 'GET') reply.headers(GET_HEADERS);
  rememberReply(reply);
}

function configureServer({ server }: FastifyInstance): void {
  // Node.js would drop headers after the 2,000th. Their bytes are limited.
  server.maxHeadersCount = 0;
  server.on('connect', refuseConnect);
  // RFC 9110 lets a server ignore expectations that it does not know. Node.js would answer 417.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.on('checkContinue', (request: IncomingMessage, response) => {
    // Ask for the body only when it is read: not if the request is refused by its head. Without having
    // asked, Node.js closes the connection after the answer: the body may still come, or not.
    const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
    if (length !== undefined || coding !== undefined) {
      request.once('resume', () => response.headersSent || response.writeContinue());
    } else {
      // There is nothing to ask for. Node.js would put a 100 that waits for the answers before it between
      // the head and the body of this answer, if they are written apart. So it forgets the expectation.
      Object.assign(response, { _expect_continue: false });
    }
    server.emit('request', request, response);
  });
}
