import type { ErrorCode, StatusOf } from '../contract.js';

export interface ProblemKind<Code extends ErrorCode = ErrorCode> {
  status: StatusOf<Code>;
  title: string;
  /** The sentence that existing clients match on. */
  error: string;
  detail: string;
  retryAfterSeconds?: number;
  /** The header WWW-Authenticate. */
  challenge?: string;
}

/** The error catalogue: the status and the words of each code of the contract. */
export const problemKinds: { [Code in ErrorCode]: ProblemKind<Code> } = {
  invalid_request: {
    status: 400,
    title: 'Invalid request',
    error: 'invalid request',
    detail: 'The request breaks a rule of the API.',
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
  sale_not_started: {
    status: 400,
    title: 'Sale not started',
    error: 'coupon sale has not started',
    detail: 'This coupon cannot be claimed yet. Nothing was changed. Retry after its start.',
  },
  sale_ended: {
    status: 400,
    title: 'Sale ended',
    error: 'coupon sale has ended',
    detail: 'This coupon can no longer be claimed. Nothing was changed.',
  },
  unauthorized: {
    status: 401,
    title: 'Unauthorized',
    error: 'missing or unknown API key',
    detail: 'Send a key of this service as Authorization: Bearer <key>. Nothing was changed.',
    challenge: 'Bearer',
  },
  forbidden: {
    status: 403,
    title: 'Forbidden',
    error: 'API key not allowed',
    detail: 'This key does not have the scope of the operation. Nothing was changed.',
  },
  coupon_not_found: {
    status: 404,
    title: 'Coupon not found',
    error: 'coupon not found',
    detail: 'No coupon has this name.',
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
    detail: 'This path does not support the method. The Allow header lists the methods that it supports.',
  },
  request_timeout: {
    status: 408,
    title: 'Request timeout',
    error: 'request timeout',
    detail: 'The request did not arrive in time. Nothing was changed.',
  },
  already_claimed: {
    status: 409,
    title: 'Already claimed',
    error: 'coupon already claimed by user',
    detail: 'This user already holds the coupon. Nothing was changed.',
  },
  claim_released: {
    status: 409,
    title: 'Claim released',
    error: 'coupon claim was released',
    detail: 'The claim with this Idempotency-Key has been released. Claim again with a new key.',
  },
  coupon_exists: {
    status: 409,
    title: 'Coupon exists',
    error: 'coupon already exists',
    detail: 'A coupon with this name exists. Nothing was changed.',
  },
  stock_already_claimed: {
    status: 409,
    title: 'Stock already claimed',
    error: 'coupon stock already claimed',
    detail: 'More units of this coupon are claimed than the new amount. Nothing was changed.',
  },
  coupon_has_claims: {
    status: 409,
    title: 'Coupon has claims',
    error: 'coupon has claims',
    detail: 'This coupon has been claimed, so it cannot be deleted. To close its sale, set ends_at.',
  },
  payload_too_large: {
    status: 413,
    title: 'Payload too large',
    error: 'request body too large',
    detail: 'The body is larger than the API allows.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    error: 'unsupported media type',
    detail: 'Send the body as Content-Type: application/json.',
  },
  rate_limited: {
    status: 429,
    title: 'Rate limited',
    error: 'too many requests',
    detail: 'You sent more requests than the operator allows in a second. Nothing was changed. Retry later.',
    retryAfterSeconds: 1,
  },
  headers_too_large: {
    status: 431,
    title: 'Headers too large',
    error: 'request headers too large',
    detail: 'The request line and headers must be at most 16 KiB together.',
  },
  not_implemented: {
    status: 501,
    title: 'Not implemented',
    error: 'not implemented',
    detail: 'The server does not implement what the request needs.',
  },
  internal_error: {
    status: 500,
    title: 'Internal error',
    error: 'internal server error',
    detail: "The server failed. Its log has the cause under this response's X-Request-Id.",
  },
  claim_not_found: {
    status: 404,
    title: 'Claim not found',
    error: 'claim not found',
    detail: 'This user does not hold this coupon.',
  },
  cursor_expired: {
    status: 410,
    title: 'Cursor expired',
    error: 'cursor expired',
    detail: 'The log has no place for this cursor any more. Start again without a cursor.',
  },
  overloaded: {
    status: 503,
    title: 'Overloaded',
    error: 'server overloaded',
    detail: 'Too many requests are waiting. Nothing was changed. Retry later.',
    retryAfterSeconds: 1,
  },
  outcome_unknown: {
    status: 503,
    title: 'Outcome unknown',
    error: 'claim outcome unknown',
    detail:
      'The database failed during the claim, so the claim may have been made. Retry with the same Idempotency-Key, or look the claim up.',
    retryAfterSeconds: 2,
  },
  database_unavailable: {
    status: 503,
    title: 'Database unavailable',
    error: 'database connection failed',
    detail: 'The database did not answer. Retry later.',
    retryAfterSeconds: 1,
  },
};
