/** How a client works. */
export interface ClientOptions {
  /** Where the service is, such as `https://coupons.example`. In a browser, `location.origin`, perhaps. */
  baseUrl: string;
  /** The key of the operator. It is sent as `Authorization: Bearer <key>`. */
  apiKey?: string | undefined;
  /** Sends the requests. The global `fetch`, unless given. */
  fetch?: Fetch | undefined;
  /** How long an attempt may take, to the last byte of its answer. 20 seconds, unless given. */
  timeoutMs?: number | undefined;
  /**
   * How long an operation may take with all of its attempts. 60 seconds, unless given. `Infinity` is allowed.
   */
  deadlineMs?: number | undefined;
  /** Is told of each attempt at its end. What it throws is ignored: it cannot change an outcome. */
  onAttempt?: ((attempt: Attempt) => void) | undefined;
}

export type Fetch = (request: Request) => Promise<Response>;

/** Of one operation. Times are those of the client, unless given. */
export interface CallOptions {
  /** Ends the operation, which then rejects with the reason of the signal. A change may have been made. */
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
  deadlineMs?: number | undefined;
}

/** A request and what became of it, for metrics and logs. */
export interface Attempt {
  /** The `operationId` of the contract, such as `claimCoupon`. */
  operation: string;
  /** The first attempt of an operation has 1. */
  attempt: number;
  durationMs: number;
  /** Undefined: there was no answer. */
  status: number | undefined;
  /** Of a failure. */
  code: string | undefined;
  /** Why there was no answer. */
  error: unknown;
  requestId: string | undefined;
  idempotencyKey: string | undefined;
  /** The pause before the next attempt. Undefined: this attempt is the last one. */
  retryInMs: number | undefined;
}

export interface Settings {
  fetch: Fetch;
  timeoutMs: number;
  deadlineMs: number;
  onAttempt: (attempt: Attempt) => void;
}

/** The contract says that a client should wait at least as long for an answer. */
const TIMEOUT_MS = 20_000;
const DEADLINE_MS = 60_000;

/** @throws RangeError if a time is not positive. */
export function settingsOf(options: ClientOptions): Settings {
  const { timeoutMs = TIMEOUT_MS, deadlineMs = DEADLINE_MS, onAttempt = () => {} } = options;
  assertPositive({ timeoutMs, deadlineMs });
  // A global that somebody replaces later is taken, too.
  return { fetch: options.fetch ?? ((request) => fetch(request)), timeoutMs, deadlineMs, onAttempt };
}

export function assertPositive(times: Record<string, number>): void {
  for (const [name, ms] of Object.entries(times)) {
    if (!(ms > 0)) throw new RangeError(`${name} must be more than 0`);
  }
}
