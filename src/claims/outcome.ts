/** What became of a claim. */
export type ClaimOutcome =
  /** This request made the claim: the user holds the coupon now. */
  | 'claimed'
  /** An earlier request with the same key made the claim. */
  | 'replayed'
  /** Another request made the user's claim. */
  | 'already_claimed'
  | 'out_of_stock'
  | 'coupon_not_found';

/** A claim to be decided. */
export interface ClaimRequest {
  couponName: string;
  userId: string;
  /** Names this request. It is stored with the claim, so that a retry can find its own claim. */
  key: string;
  /** Whether the client chose the key: then another request may carry the same one. */
  isKeyGiven: boolean;
}
