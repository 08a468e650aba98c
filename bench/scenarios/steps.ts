import type { LoadPlan } from '../load/plan.js';
import type { Expected } from './check.js';

/** A load, and the answers that it may get. */
export interface Step {
  coupons: number;
  /** Units of each coupon. */
  amount: number;
  expected: Expected;
  /** This many users claim again and again. Absent: each claim is by another user. */
  users?: number;
  /** Of ten requests, this many read a coupon. Absent: none. */
  readsInTen?: number;
  /** So many claims go in one request. Absent: each is a request. */
  claimsInRequest?: number;
  /** The only unit of each coupon is claimed before the load begins. */
  isSoldOut?: boolean;
  /** A burst of this many requests. Absent: the load ends after a time. */
  requests?: number;
  /** Used without --connections. Absent: 100. */
  connections?: number;
  /** What clients do that get 503. Absent: a 503 is wrong. */
  retry?: NonNullable<LoadPlan['retry']>;
  /** These win over the command line. */
  overrides?: { connections?: number; rate?: number; warmupSeconds?: number; durationSeconds?: number };
}

export const SCENARIOS = {
  hot: 'one coupon with endless stock; also on redis, ceiling, row-lock and statement',
  bulk: 'hot, with 500 claims in a request; compared with hot',
  spread: '1,000 coupons; also on redis; compared with hot on ceiling',
  'sold-out': 'claims for a sold-out coupon; also on redis and refusal; compared with hot on ceiling',
  single: 'one connection: the latency of a lone claim; also on statement',
  'flash-sale': 'a burst of 100,000 users for 1,000 units: how long until they are sold out',
  'double-dip': 'the same 50 users claim again and again',
  mixed: '8 reads to 2 claims, over 10,000 coupons with few holders each',
  latency: 'hot at a fixed rate of 25, 50 and 80 % of the capacity (open loop)',
  overload: '8,000 clients, of which 2,000 may wait: they retry at once, or after Retry-After',
  growth: 'with up to 5 million claims in the table, 1,000 coupons, 5,000 connections',
} as const;

export type ScenarioName = keyof typeof SCENARIOS;

/** More than any run can claim. */
const ENDLESS = 2_000_000_000;
const CLAIMED: Expected = { statuses: [200] };
const CLAIMED_OR_OVERLOADED: Expected = { statuses: [200, 503] };
const SOLD_OUT: Expected = { statuses: [400], refusal: 'out_of_stock' };
const FIRST_1000: Expected = { statuses: [200, 400], refusal: 'out_of_stock', claims: 1_000 };
const ONE_PER_USER: Expected = { statuses: [200, 409], refusal: 'already_claimed', claims: 50 };

/** The step of each scenario that repeats one. */
export const STEPS = {
  hot: { coupons: 1, amount: ENDLESS, expected: CLAIMED },
  bulk: { coupons: 1, amount: ENDLESS, expected: CLAIMED, claimsInRequest: 500, connections: 8 },
  spread: { coupons: 1_000, amount: 1_000_000, expected: CLAIMED },
  'sold-out': { coupons: 1, amount: 1, expected: SOLD_OUT, isSoldOut: true },
  single: { coupons: 1, amount: ENDLESS, expected: CLAIMED, overrides: { connections: 1 } },
  'flash-sale': { coupons: 1, amount: 1_000, expected: FIRST_1000, requests: 100_000, connections: 1_000 },
  'double-dip': { coupons: 1, amount: 1_000, expected: ONE_PER_USER, users: 50 },
  overload: { coupons: 1, amount: ENDLESS, expected: CLAIMED_OR_OVERLOADED },
  mixed: { coupons: 10_000, amount: 1_000_000, expected: CLAIMED, readsInTen: 8 },
} satisfies Partial<Record<ScenarioName, Step>>;
