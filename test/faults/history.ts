import type { Account } from '../../db/books/accounts.js';

/**
 * What happened in a run: every request with its answer, what was seen in the database meanwhile, and
 * what is there in the end. Times are in milliseconds since the start of the run. It is plain data: the
 * checker needs nothing else.
 */
export interface History {
  operations: Operation[];
  /** How each client ended. A client wants one coupon for one user. */
  ends: ClientEnd[];
  /** The books, as they stood in one snapshot each, in the order in which they were read. */
  samples: Sample[];
  /** The tables, after everything has come to rest. */
  coupons: CouponRow[];
  claims: ClaimRow[];
  /** What an audit of the tables and the log found then. */
  differences: string[];
  /** Coupons with a promise of first come, first served: one server, and no fault meanwhile. */
  orderedCoupons: string[];
  /** When every service was healthy after the last fault. Undefined: not within the bound. */
  recoveredAt: number | undefined;
  bounds: Bounds;
}

export interface Bounds {
  /** On the answer to one request. */
  answerMs: number;
  /** On the end of a client: from the recovery, or from its start if that is later. */
  endMs: number;
}

export type Operation = ClaimOperation | LookUpOperation | CreateOperation | ReadOperation;

interface Exchange {
  id: number;
  /** The number of the service that it was sent to. */
  service: number;
  coupon: string;
  startedAt: number;
  /** When the answer came, or was lost. Undefined: never. */
  endedAt?: number;
  /** Undefined: it was lost, so that nobody knows. */
  answer?: Answer;
  /** Why the answer was lost. */
  lost?: string;
}

export interface Answer {
  status: number;
  /** Of a problem. */
  code?: string;
  retryAfterSeconds?: number;
  /** Where it breaks openapi.yaml. */
  deviations?: string[];
}

export interface ClaimOperation extends Exchange {
  kind: 'claim';
  client: string;
  user: string;
  key?: string;
  answer?: Answer & { isReplayed?: boolean };
  /** Its place among the requests that were sent over one connection without a wait for answers. */
  arrival?: { connection: number; place: number };
}

export interface LookUpOperation extends Exchange {
  kind: 'look_up';
  user: string;
}

export interface CreateOperation extends Exchange {
  kind: 'create';
  amount: number;
}

export interface ReadOperation extends Exchange {
  kind: 'read';
  reading?: { amount: number; remaining: number; claimedBy: string[] };
}

/** What a client believes in the end. */
export type Verdict = 'holds' | 'refused' | 'gave_up';

export interface ClientEnd {
  client: string;
  coupon: string;
  user: string;
  startedAt: number;
  /** Undefined: it never ended. */
  endedAt?: number;
  verdict?: Verdict;
}

export interface Sample {
  at: number;
  accounts: Account[];
}

export interface CouponRow {
  name: string;
  amount: number;
  remaining: number;
}

export interface ClaimRow {
  coupon: string;
  user: string;
  /** Its place in the order of the coupon's claims. */
  number: number;
  key: string | null;
}
