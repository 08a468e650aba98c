import type { Caller } from './waiting-requests.js';

/** What became of a claim. */
export type ClaimOutcome =
  /** This request made the claim: the user holds the coupon now. */
  | 'claimed'
  /** An earlier request with the same key made the claim. */
  | 'replayed'
  /** Another request made the user's claim. */
  | 'already_claimed'
  /** The request made a claim earlier, which has been released. */
  | 'claim_released'
  | SaleNotStarted
  | 'sale_ended'
  | 'out_of_stock'
  | 'coupon_not_found';

/** All codes of outcomes. */
export const CLAIM_CODES = [
  'claimed',
  'replayed',
  'already_claimed',
  'claim_released',
  'sale_not_started',
  'sale_ended',
  'out_of_stock',
  'coupon_not_found',
] as const satisfies CodeOf<ClaimOutcome>[];

type CodeOf<Outcome> = Outcome extends { code: infer Code } ? Code : Outcome;

export interface SaleNotStarted {
  code: 'sale_not_started';
  /** Rounded up. At least 1. */
  startsInSeconds: number;
}

/** A claim to be decided. */
export interface ClaimRequest {
  couponName: string;
  userId: string;
  /** Names this request. It is stored with the claim, so that a retry can find its own claim. */
  key: string;
  /** Whether the client chose the key: then another request may carry the same one. */
  isKeyGiven: boolean;
  /** The client that waits for the outcome. */
  caller?: Caller;
}

export function codeOf(outcome: ClaimOutcome): string {
  return typeof outcome === 'object' ? outcome.code : outcome;
}

/** Counts outcomes by their codes. Requests without an outcome are `undecided`. */
export function countOutcomes(outcomes: readonly (ClaimOutcome | undefined)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) {
    const code = outcome === undefined ? 'undecided' : codeOf(outcome);
    counts[code] = (counts[code] ?? 0) + 1;
  }
  return counts;
}
