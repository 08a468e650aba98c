import type { Sql } from 'postgres';
import { claimStatement } from './claim-sql.js';
import type { Decided } from './lane.js';
import type { ClaimOutcome, ClaimRequest } from './outcome.js';

/**
 * Session settings of the connections that claim. Planning the statement costs as much as running it
 * for ten claims, so one generic plan serves all batches. It is made while the tables are empty, and
 * kept: a plan that scans a whole table would cost more with every claim. A bitmap is for many rows of
 * many pages, and costs more than an index scan for a few.
 */
export const CLAIM_SETTINGS = {
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  jit: 'off',
};

/**
 * The letters of the answer, but for `s`: see refusalOf. Undecided requests run again, with a new snapshot.
 */
const outcomes: Record<string, ClaimOutcome | undefined> = {
  c: 'claimed',
  r: 'replayed',
  a: 'already_claimed',
  x: 'claim_released',
  n: 'coupon_not_found',
  u: undefined,
};

export interface Answer {
  /** A letter per request. Null: each request made a claim. */
  decisions: string | null;
  /** See refusalOf. Null: no coupon is off sale. */
  off_sale: Record<string, number | null> | null;
  /** Whether another server took units of a coupon between our snapshot and our lock. */
  is_contended: boolean;
}

/**
 * Decides claims of any users for any coupons in one statement: it takes the stock, makes the claims,
 * and returns an outcome per request, in their order. Within a coupon, first come, first served.
 *
 * The constraints of the tables guarantee that nobody holds a coupon twice and that the stock never
 * falls below 0. This statement takes exactly one unit for each claim that it makes.
 * @param decide runs the statement. Another one than the default runs it as a function.
 * @returns undefined for a request that must run again, and whether another server claims the same coupons.
 */
export async function claimCoupons(
  sql: Sql,
  requests: readonly ClaimRequest[],
  decide: DecideBatch = decideInline,
): Promise<Decided<ClaimOutcome>> {
  const couponNames = requests.map((request) => request.couponName);
  const userIds = requests.map((request) => request.userId);
  const keys = requests.map((request) => request.key);
  const names = [...new Set(couponNames)];
  const isKeyed = requests.some((request) => request.isKeyGiven);
  const [row] = await decide(sql, isKeyed, [couponNames, userIds, keys, names]);
  const isContended = row?.is_contended ?? false;
  if (row?.decisions === null) return { outcomes: requests.map(() => 'claimed'), isContended };
  // A Map: a coupon may be called "constructor".
  const offSale = new Map(Object.entries(row?.off_sale ?? {}));
  const isRepeated = findRepeated();
  const decided = Array.from(row?.decisions ?? '', (letter, i) => {
    if (letter === 's') return refusalOf(offSale.get(couponNames[i] as string));
    if (!(letter in outcomes)) throw new Error(`the claim statement returned the unknown outcome ${letter}`);
    const outcome = outcomes[letter];
    const request = requests[i] as ClaimRequest;
    return outcome === 'claimed' && request.isKeyGiven && isRepeated(request) ? 'replayed' : outcome;
  });
  return { outcomes: decided, isContended };
}

/**
 * Why a coupon that is sold out or not on sale is refused.
 * @param startsInSeconds null: the sale has ended. Undefined: the coupon is sold out.
 */
function refusalOf(startsInSeconds: number | null | undefined): ClaimOutcome {
  if (startsInSeconds === undefined) return 'out_of_stock';
  return startsInSeconds === null ? 'sale_ended' : { code: 'sale_not_started', startsInSeconds };
}

/** Tells whether it was asked about the same request with the same key before. That one made the claim. */
function findRepeated(): (request: ClaimRequest) => boolean {
  const found = new Set<string>();
  return ({ couponName, userId, key }) => {
    const count = found.size;
    // No part can hold a U+0000.
    found.add(`${couponName}\0${userId}\0${key}`);
    return found.size === count;
  };
}

/** Runs the claim statement with its four parameters. */
export type DecideBatch = (sql: Sql, isKeyed: boolean, parameters: string[][]) => Promise<Answer[]>;

const STATEMENT = claimStatement(false);
const KEYED_STATEMENT = claimStatement(true);

const decideInline: DecideBatch = (sql, isKeyed, parameters) =>
  sql.unsafe<Answer[]>(isKeyed ? KEYED_STATEMENT : STATEMENT, parameters, { prepare: true });
