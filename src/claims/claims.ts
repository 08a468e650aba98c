import type { ClaimOutcome } from './outcome.js';
import type { Caller } from './waiting-requests.js';

/** A claim that somebody wants to make. */
export interface NewClaim {
  couponName: string;
  userId: string;
  /** Names the claim. If it made the claim, a retry with the same key is `replayed`. Absent: one is made. */
  key?: string | undefined;
}

/** Why a claim has no outcome. */
export class Undecided {
  /** Overloaded, OutcomeUnknown, or an error of the database. */
  readonly error: unknown;
  /** Of the claim, to run it again with. */
  readonly key: string;

  constructor(error: unknown, key: string) {
    this.error = error;
    this.key = key;
  }
}

/** Claims coupons. A caller sees one claim, or those that it asks for together; the batches are hidden. */
export interface Claims {
  /**
   * Claims a coupon for a user.
   * @param key see NewClaim.
   * @param caller the client that waits for the answer.
   * @throws Overloaded, OutcomeUnknown, or an error of the database. Nothing was changed, except
   *   perhaps with OutcomeUnknown.
   */
  claimCoupon(
    couponName: string,
    userId: string,
    key: string | undefined,
    caller: Caller,
  ): Promise<ClaimOutcome>;

  /**
   * Claims many coupons, each claim for itself. Those for one coupon are decided in their order.
   * @returns what became of each claim, in their order, once all are settled.
   */
  claimCoupons(claims: readonly NewClaim[], caller: Caller): Promise<(ClaimOutcome | Undecided)[]>;
}

/** Makes claims of a way to decide one: many are decided one by one. */
export function claimSingly(claimCoupon: Claims['claimCoupon']): Claims {
  const settle = ({ couponName, userId, key }: NewClaim, caller: Caller) =>
    claimCoupon(couponName, userId, key, caller).catch((error) => new Undecided(error, key ?? ''));
  return {
    claimCoupon,
    claimCoupons: (claims, caller) => Promise.all(claims.map((claim) => settle(claim, caller))),
  };
}
