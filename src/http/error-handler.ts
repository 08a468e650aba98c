import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCode } from '../contract.js';
import { describeViolation, type Violation } from '../json-schema.js';
import { failureCodeOf } from './failure-code.js';
import { UnusableBody } from './json-body.js';
import { refuse } from './overload.js';
import { describeBodyLimit, sendInvalidRequest, sendProblem } from './problems.js';

/** The codes for Fastify's own errors. */
const fastifyProblems: Record<string, ErrorCode> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid_body',
};

/** The one error handler: turns a thrown error into a problem, and logs what an operator must know. */
export function handleError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error.validation) return sendViolation(error, request, reply);
  if (error instanceof UnusableBody) {
    keepConnection(reply);
    return sendProblem(reply, error.problem, { detail: error.message });
  }
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    keepConnection(reply);
    return sendProblem(reply, 'payload_too_large', describeBodyLimit(request.routeOptions.bodyLimit));
  }
  if (error.code === 'FST_ERR_BAD_URL') {
    return sendInvalidRequest(reply, 'the path must be percent-encoded UTF-8');
  }
  const known = fastifyProblems[error.code];
  if (known) return sendProblem(reply, known);
  if (error === request.raw.errored) {
    // The client broke its request off. It does not read this answer.
    request.log.debug({ err: error }, 'the request was broken off');
    return sendProblem(reply, 'malformed_http');
  }
  const code = failureCodeOf(error);
  switch (code) {
    case 'overloaded':
      refuse(reply);
      return reply;
    case 'outcome_unknown':
      request.log.warn({ err: error }, 'the outcome of a claim is unknown');
      break;
    case 'database_unavailable':
      request.log.warn({ err: error }, 'the database did not answer');
      break;
    case 'internal_error':
      request.log.error({ err: error }, 'the request failed');
  }
  return sendProblem(reply, code);
}

/**
 * Fastify closes the connection if it cannot use a body. That may cost the client this answer, if it
 * still sends, and the answers to requests that it sent behind. Node.js reads the rest of the body.
 */
function keepConnection(reply: FastifyReply): void {
  // Set while the server stops.
  const connection = reply.raw.getHeader('connection');
  reply.removeHeader('connection');
  if (connection !== undefined) reply.header('connection', connection);
}

function sendViolation(
  { validation, validationContext }: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const [violation] = (validation ?? []) as (Violation & { data?: unknown })[];
  if (validationContext === 'params') {
    // A path parameter that breaks its schema is usually a name that nothing has.
    const schema = request.routeOptions.schema as { 'x-invalid-path-code'?: ErrorCode };
    const code = schema['x-invalid-path-code'] ?? 'path_not_found';
    if (code !== 'invalid_request' || !violation) return sendProblem(reply, code);
    return sendInvalidRequest(reply, describeViolation(violation));
  }
  if (!violation || (violation.instancePath === '' && violation.keyword === 'type')) {
    return sendProblem(reply, 'invalid_body');
  }
  if (validationContext !== 'querystring') return sendInvalidRequest(reply, describeViolation(violation));
  // A repeated parameter arrives as an array.
  if (violation.keyword === 'type' && Array.isArray(violation.data)) {
    return sendInvalidRequest(reply, `${violation.instancePath.slice(1)} must be given only once`);
  }
  return sendInvalidRequest(reply, describeViolation(violation, 'query parameter'));
}
