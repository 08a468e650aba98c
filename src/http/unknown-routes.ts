import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { allowedMethods, type Contract } from '../contract.js';
import { handleError } from './error-handler.js';
import { sendProblem } from './problems.js';

/** Answers 404 for an unknown path, and 405 with `Allow` for a known path with another method. */
export function answerUnknownRoutes(app: FastifyInstance, contract: Contract): void {
  const answer = (request: FastifyRequest, reply: FastifyReply) => {
    const allowed = allowedMethods(contract, request.url);
    if (allowed.length === 0) return sendProblem(reply, 'path_not_found');
    reply.header('Allow', allowed.join(', '));
    return sendProblem(reply, 'method_not_allowed');
  };
  app.setNotFoundHandler(answer);
  app.setErrorHandler((error, request, reply) =>
    // The answer to an unknown route does not depend on whether its body can be read.
    request.is404 ? answer(request, reply) : handleError(error as FastifyError, request, reply),
  );
}
