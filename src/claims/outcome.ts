/** What became of a claim. */
export type ClaimOutcome =
  /** The user holds the coupon now, by this request. */
  | 'claimed'
  /** The user has held the coupon before, by a request of the same key: this is its answer once more. */
  | 'replayed'
  /** The user has held the coupon before, by another request. */
  | 'already_claimed'
  | 'out_of_stock'
  | 'coupon_not_found';

/** A claim to be decided. */
export interface ClaimRequest {
  couponName: string;
  userId: string;
  /** Names this request, and is stored with its claim: a row with this key was made by this request. */
  key: string;
  /** Did the client choose the key? Then another request may have the same. */
  isKeyGiven: boolean;
}
