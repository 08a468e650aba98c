import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { OutcomeUnknown, Overloaded } from '../claims/lane.js';
import type { ErrorCode, Problem } from '../contract.js';
import { isDatabaseUnavailable } from '../database/errors.js';
import { InvalidBody } from './json-body.js';
import { describeViolation } from './violations.js';

/** The error catalogue: what each code of the contract says. `error` is the sentence that clients match on. */
interface ProblemKind {
  status: number;
  title: string;
  error: string;
  detail: string;
  /** Seconds to wait before the next try. */
  retryAfterSeconds?: number;
}

export const problemKinds: Record<ErrorCode, ProblemKind> = {
  invalid_request: {
    status: 400,
    title: 'Invalid request',
    error: 'invalid request',
    detail: 'The request does not keep to the contract.',
  },
  invalid_body: {
    status: 400,
    title: 'Invalid request body',
    error: 'invalid request body',
    detail: 'The body must be a JSON object in UTF-8.',
  },
  malformed_http: {
    status: 400,
    title: 'Malformed HTTP request',
    error: 'malformed HTTP request',
    detail: 'The server could not read the request as HTTP.',
  },
  out_of_stock: {
    status: 400,
    title: 'Out of stock',
    error: 'coupon out of stock',
    detail: 'Every unit of this coupon has been claimed.',
  },
  coupon_not_found: {
    status: 404,
    title: 'Coupon not found',
    error: 'coupon not found',
    detail: 'There is no coupon of this name.',
  },
  path_not_found: {
    status: 404,
    title: 'Path not found',
    error: 'path not found',
    detail: 'This API has no such path.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    error: 'method not allowed',
    detail: 'The path does not know this method: Allow names those that it knows.',
  },
  request_timeout: {
    status: 408,
    title: 'Request timeout',
    error: 'request timeout',
    detail: 'The request was not sent in time.',
  },
  already_claimed: {
    status: 409,
    title: 'Already claimed',
    error: 'coupon already claimed by user',
    detail: 'This user holds the coupon already. Nothing was changed.',
  },
  coupon_exists: {
    status: 409,
    title: 'Coupon exists',
    error: 'coupon already exists',
    detail: 'A coupon of this name exists. Nothing was changed.',
  },
  payload_too_large: {
    status: 413,
    title: 'Payload too large',
    error: 'request body too large',
    detail: 'The body is larger than the contract allows.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    error: 'unsupported media type',
    detail: 'Send the body as Content-Type: application/json.',
  },
  headers_too_large: {
    status: 431,
    title: 'Headers too large',
    error: 'request headers too large',
    detail: 'The request line and headers must be at most 16 KiB together.',
  },
  internal_error: {
    status: 500,
    title: 'Internal error',
    error: 'internal server error',
    detail: "The server failed. Its log tells more under this response's X-Request-Id.",
  },
  claim_not_found: {
    status: 404,
    title: 'Claim not found',
    error: 'claim not found',
    detail: 'This user does not hold this coupon.',
  },
  overloaded: {
    status: 503,
    title: 'Overloaded',
    error: 'server overloaded',
    detail: 'Too many claims wait. Nothing was changed: send the same request again later.',
    retryAfterSeconds: 1,
  },
  outcome_unknown: {
    status: 503,
    title: 'Outcome unknown',
    error: 'claim outcome unknown',
    detail:
      'The database failed while it had the claim. The same request with the same Idempotency-Key, sent again, tells what became of it; so does a look at the claim.',
    retryAfterSeconds: 2,
  },
  database_unavailable: {
    status: 503,
    title: 'Database unavailable',
    error: 'database connection failed',
    detail: 'The database did not answer. Send the same request again later.',
    retryAfterSeconds: 1,
  },
};

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

export function problemOf(code: ErrorCode, override?: Partial<Pick<Problem, 'error' | 'detail'>>): Problem {
  const { title, error, detail } = problemKinds[code];
  return { type: `urn:problem-type:coupons:${code}`, title, code, error, detail, ...override };
}

/** Without an override a problem always says the same: its JSON is written once, not for each refusal of a sale. */
const problemTexts = Object.fromEntries(
  Object.keys(problemKinds).map((code) => [code, JSON.stringify(problemOf(code as ErrorCode))]),
) as Record<ErrorCode, string>;

/** Answers with a problem; `override` says more about this one. */
export function sendProblem<Reply extends FastifyReply<never> | FastifyReply>(
  reply: Reply,
  code: ErrorCode,
  override?: Partial<Pick<Problem, 'error' | 'detail'>>,
): Reply {
  const { status, retryAfterSeconds } = problemKinds[code];
  const untyped = reply as FastifyReply;
  if (retryAfterSeconds) untyped.header('Retry-After', String(retryAfterSeconds));
  untyped
    .code(status)
    .type(PROBLEM_MEDIA_TYPE)
    .send(override ? JSON.stringify(problemOf(code, override)) : problemTexts[code]);
  return reply;
}

/** What Fastify's own errors are in the contract. */
const fastifyProblems: Record<string, ErrorCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid_body',
};

/** The one error handler: what a thrown error becomes for the client, and what the log says about it. */
export function handleError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error.validation) return sendViolation(error, request, reply);
  if (error instanceof InvalidBody) return sendProblem(reply, 'invalid_body');
  if (error.code === 'FST_ERR_BAD_URL') {
    const detail = 'the path must be percent-encoded UTF-8';
    return sendProblem(reply, 'invalid_request', { error: `invalid request: ${detail}`, detail });
  }
  const known = fastifyProblems[error.code];
  if (known) return sendProblem(reply, known);
  if (error instanceof Overloaded) return sendProblem(reply, 'overloaded');
  if (error instanceof OutcomeUnknown) {
    request.log.warn({ err: error }, 'the outcome of a claim is not known');
    return sendProblem(reply, 'outcome_unknown');
  }
  if (isDatabaseUnavailable(error)) {
    request.log.warn({ err: error }, 'the database did not answer');
    return sendProblem(reply, 'database_unavailable');
  }
  request.log.error({ err: error }, 'the request failed');
  return sendProblem(reply, 'internal_error');
}

function sendViolation(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const [violation] = error.validation ?? [];
  // A path parameter that breaks the rules of a name is a name that nothing has.
  if (error.validationContext === 'params') {
    const isClaim = Object.hasOwn(request.params as object, 'user_id');
    return sendProblem(reply, isClaim ? 'claim_not_found' : 'coupon_not_found');
  }
  if (!violation || (violation.instancePath === '' && violation.keyword === 'type')) {
    return sendProblem(reply, 'invalid_body');
  }
  const detail = describeViolation(violation, error.validationContext);
  return sendProblem(reply, 'invalid_request', { error: `invalid request: ${detail}`, detail });
}
