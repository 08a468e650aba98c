import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import openapiGlue from 'fastify-openapi-glue';
import type { Logger } from 'pino';
import type { Claimer } from './claims/lanes.js';
import { allowedMethods, assertComplete, type Contract, readContract, withoutResponses } from './contract.js';
import type { Database } from './database/database.js';
import { bindHandlers } from './handlers/index.js';
import { handleClientError } from './http/client-errors.js';
import { parseJsonBody } from './http/json-body.js';
import { handleError, sendProblem } from './http/problems.js';
import { createRequestIds } from './http/request-ids.js';
import { logTraffic } from './http/traffic-log.js';

export interface AppParts {
  database: Database;
  engine: Claimer;
  logger: Logger;
  /** Another contract than openapi.yaml, to try out what follows from it. */
  contract?: Contract;
}

const REQUEST_TIMEOUT_MS = 30_000;
// Longer than the idle timeout of usual load balancers (60 s), which must be the one that closes a connection.
const KEEP_ALIVE_TIMEOUT_MS = 72_000;
/** More than fits the 16 KiB that Node.js allows for the head of a request. */
const PATH_PARAMETER_LENGTH_MAX = 16_384;

/**
 * The application, ready to listen: routes and validation from the contract, bound to the handlers.
 * @throws Error naming the operation, when contract and handlers do not match.
 */
export async function buildApp({
  database,
  engine,
  logger,
  contract = readContract(),
}: AppParts): Promise<FastifyInstance> {
  const handlers = bindHandlers(database, engine);
  assertComplete(contract, handlers);
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: createRequestIds(),
    bodyLimit: contract['x-request-body-bytes-max'],
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // While the server closes, requests on open connections are still answered, with Connection: close.
    return503OnClosing: false,
    // Only what the contract names: no HEAD beside GET.
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: PATH_PARAMETER_LENGTH_MAX },
    // We reject, we do not guess.
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        formats: { 'well-formed': (text: string) => text.isWellFormed() },
      },
    },
    clientErrorHandler: handleClientError,
    // Node.js would answer that by itself, without a problem and an id: see onRequest.
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
  // An expectation other than 100-continue, which Node.js would answer by itself, may be passed over (RFC 9110).
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  logTraffic(app);
  // Fastify picks a body's schema by its media type, and so would let a request through that has neither.
  app.addHook('onRoute', ({ schema }) => {
    const body = schema?.body as { content: Record<string, { schema: unknown }> } | undefined;
    if (schema && body) schema.body = body.content['application/json']?.schema;
  });

  const answerUnknown = (request: FastifyRequest, reply: FastifyReply) => {
    const allowed = allowedMethods(contract, request.url);
    if (allowed.length === 0) return sendProblem(reply, 'path_not_found');
    reply.header('Allow', allowed.join(', '));
    return sendProblem(reply, 'method_not_allowed');
  };
  app.setNotFoundHandler(answerUnknown);
  app.setErrorHandler((error, request, reply) =>
    // A body that cannot be read is no matter where there is nobody to read it.
    request.is404 ? answerUnknown(request, reply) : handleError(error as never, request, reply),
  );

  await app.register(openapiGlue, { specification: withoutResponses(contract), serviceHandlers: handlers });
  return app;
}
