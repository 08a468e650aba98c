import Fastify, { type FastifyInstance, type FastifyReply, LogController } from 'fastify';
import type { Logger } from 'pino';
import type { Contract } from '../contract.js';
import { handleClientError } from './client-errors.js';
import { handleError } from './error-handler.js';
import { parseJsonBody } from './json-body.js';
import { sendProblem } from './problems.js';
import { createRequestIds } from './request-ids.js';
import { logTraffic } from './traffic-log.js';
import { answerUnknownRoutes } from './unknown-routes.js';
import { useContractSchemas } from './validation.js';

const REQUEST_TIMEOUT_MS = 30_000;
/** Load balancers usually close idle connections after 60 s. They must be the ones that close. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;
/** As long as the whole head of a request may be in Node.js: 16 KiB. */
const PATH_PARAMETER_LENGTH_MAX = 16_384;

/** An HTTP server with the limits, errors, validation and log of this API, and without routes. */
export function createFastify(contract: Contract, logger: Logger): FastifyInstance {
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: createRequestIds(),
    bodyLimit: contract['x-request-body-bytes-max'],
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // A closing server still answers requests on open connections, with Connection: close.
    return503OnClosing: false,
    // The contract names no HEAD.
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: PATH_PARAMETER_LENGTH_MAX },
    clientErrorHandler: handleClientError,
    // Node.js would answer a missing Host without a problem and an id: onRequest does it below.
    http: { requireHostHeader: false },
    frameworkErrors: (error, request, reply) => {
      reply.header('X-Request-Id', request.id);
      handleError(error, request, reply as FastifyReply);
    },
  }) as unknown as FastifyInstance;

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, parseJsonBody);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('X-Request-Id', request.id);
    const { httpVersion, headers } = request.raw;
    if (httpVersion === '1.1' && headers.host === undefined) sendProblem(reply, 'malformed_http');
    else done();
  });
  // RFC 9110 lets a server ignore expectations that it does not know. Node.js would answer 417.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  useContractSchemas(app);
  logTraffic(app, contract);
  answerUnknownRoutes(app, contract);
  return app;
}
