import fc, { type Arbitrary } from 'fast-check';
import type { OperationId } from '../../src/contract.js';
import type { Seen } from './seen.js';
import type { State } from './state.js';

/** A request as the model knows it. The names in it are those of a single history. */
export interface Operation {
  operationId: OperationId;
  /** Whether it does more than to ask for what does not exist, or to create what does. */
  isUseful(state: State): boolean;
  /** In plain words. */
  words: string;
  /** @param own adds the prefix of the history to a name. @param cursor of the page before. */
  request(own: (name: string) => string, cursor?: string): Request;
  /**
   * Returns the answer that the service must give, and changes the state as the service must.
   * @param walk the number of the walk, of a list in pages.
   * @param seen what was answered, for what the model cannot know.
   */
  decide(state: State, walk: number, seen: Seen): Seen;
  /** Operations that are answered together. Each takes place for itself: `decide` is theirs. */
  parts?: Operation[];
}

export interface Request {
  method: string;
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
}

export const USERS = ['ada', 'ben', 'cy'];
/** In the order of lists. */
export const COUPONS = ['a', 'b/%', 'c 🎟'];
const KEYS = ['key-1', 'key-2'];

/** Most requests meet at one coupon. */
export const anyCoupon = fc.constantFrom('a', 'a', 'a', ...COUPONS);
export const anyUser = fc.constantFrom(...USERS);
export const anyKey = fc.constantFrom(undefined, ...KEYS);
/** Mostly so few that they sell out. */
export const anyAmount = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 4 }) }, fc.constant(10));

/** The arbitraries of a group of operations, with how often each occurs. */
export type Weighted = { weight: number; arbitrary: Arbitrary<Operation> };
