import type { FastifyReply, RouteGenericInterface } from 'fastify';
import type { CodesOf, ErrorCode, Problem } from '../contract.js';
import { type ProblemKind, problemKinds } from './problem-kinds.js';

declare module 'fastify' {
  interface FastifyReply {
    /** The code of the problem that the reply carries, for the traffic log. */
    problemCode: ErrorCode | undefined;
  }
}

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

export function problemOf(code: ErrorCode, override?: Partial<Pick<Problem, 'error' | 'detail'>>): Problem {
  const { title, error, detail } = problemKinds[code];
  return { type: `urn:problem-type:coupons:${code}`, title, code, error, detail, ...override };
}

/** The detail of `payload_too_large`. */
export function describeBodyLimit(bytesMax: number): { detail: string } {
  const mebibytes = bytesMax / 1024 ** 2;
  const limit = Number.isInteger(mebibytes) ? `${mebibytes} MiB` : `${bytesMax} bytes`;
  return { detail: `The body must be at most ${limit}.` };
}

/**
 * The JSON of each problem without an override, written once: a sold-out sale sends it thousands of times.
 */
const problemTexts = Object.fromEntries(
  Object.keys(problemKinds).map((code) => [code, JSON.stringify(problemOf(code as ErrorCode))]),
) as Record<ErrorCode, string>;

/**
 * Sends a problem. In a handler, the code must be one that the contract lists for the operation.
 * @param override replaces the catalogue's words where this case has better ones.
 */
export function sendProblem<Route extends RouteGenericInterface>(
  reply: FastifyReply<Route>,
  code: CodesOf<Route>,
  override?: Partial<Pick<Problem, 'error' | 'detail'>>,
): FastifyReply<Route> {
  const { status, retryAfterSeconds, challenge }: ProblemKind = problemKinds[code];
  const untyped = reply as FastifyReply;
  // An overloaded service may have set a longer time.
  if (retryAfterSeconds && !untyped.hasHeader('Retry-After')) {
    untyped.header('Retry-After', String(retryAfterSeconds));
  }
  if (challenge) untyped.header('WWW-Authenticate', challenge);
  untyped.problemCode = code;
  untyped
    .code(status)
    .type(PROBLEM_MEDIA_TYPE)
    .send(override ? JSON.stringify(problemOf(code, override)) : problemTexts[code]);
  return reply;
}

export function sendInvalidRequest<Route extends RouteGenericInterface>(
  reply: FastifyReply<Route>,
  detail: string,
): FastifyReply<Route> {
  // Every operation lists it.
  sendProblem(reply as FastifyReply, 'invalid_request', { error: `invalid request: ${detail}`, detail });
  return reply;
}

/** The database found that the window of a coupon ends before it starts. */
export function sendWindowReversed<Route extends RouteGenericInterface>(
  reply: FastifyReply<Route>,
): FastifyReply<Route> {
  return sendInvalidRequest(reply, 'ends_at must be later than starts_at');
}
