import { METHODS } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { allowedMethods, type Contract } from '../contract.js';
import { handleError } from './error-handler.js';
import { sendProblem } from './problems.js';

/** Node.js does not treat it as a request: see client-errors.ts. */
const CONNECT = 'CONNECT';

/** Answers 404 for an unknown path, and 405 with `Allow` for a known path with another method. */
export function answerUnknownRoutes(app: FastifyInstance, contract: Contract): void {
  const answerUnknownPath = (_: FastifyRequest, reply: FastifyReply) => sendProblem(reply, 'path_not_found');
  app.setNotFoundHandler(answerUnknownPath);
  app.setErrorHandler((error, request, reply) =>
    // The answer to an unknown path does not depend on whether its body can be read.
    request.is404 ? answerUnknownPath(request, reply) : handleError(error as FastifyError, request, reply),
  );
  for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
  for (const path of Object.keys(contract.paths))
    refuseOtherMethods(app, path, allowedMethods(contract, path));
}

/**
 * Answers 405 to the other methods of a path. They are routes, so that the router alone decides which path
 * a URL means: `/%68ealth` is `/health`.
 */
export function refuseOtherMethods(app: FastifyInstance, path: string, allowed: string[]): void {
  const detail = `Use ${allowed.join(' or ')} with this path.`;
  const refuse = (_: FastifyRequest, reply: FastifyReply): void => {
    sendProblem(reply.header('Allow', allowed.join(', ')), 'method_not_allowed', { detail });
  };
  app.route({
    method: METHODS.filter((method) => method !== CONNECT && !allowed.includes(method)),
    url: path.replace(/\{(\w+)\}/g, ':$1'),
    // The body does not matter, and is not read.
    onRequest: refuse,
    handler: refuse,
  });
}
