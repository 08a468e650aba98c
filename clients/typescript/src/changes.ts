import { CouponError } from './coupon-error.js';
import type { Coupon, NewCoupon } from './schemas.js';

/**
 * Creates a coupon. If an attempt was lost, the next one may meet the coupon that the lost one created. So a
 * coupon with the same values is taken for it.
 * @param create sends the request until it is answered.
 * @param read reads the coupon.
 * @throws as `create`.
 */
export async function createCoupon(
  wanted: NewCoupon,
  create: () => Promise<unknown>,
  read: () => Promise<Coupon>,
): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!isCode(error, 'coupon_exists') || !error.outcomeUnknown) throw error;
    // The key may not be allowed to read.
    const found = await read().catch(() => undefined);
    if (!found || !isSame(found, wanted)) throw error;
  }
}

/**
 * Waits for a deletion. If an attempt was lost and the next one finds nothing, it is gone: the lost one may
 * have deleted it.
 * @throws as `deletion`.
 */
export async function unlessGone(deletion: Promise<unknown>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    const isGone = isCode(error, 'claim_not_found') || isCode(error, 'coupon_not_found');
    if (!isGone || !error.outcomeUnknown) throw error;
  }
}

function isCode(error: unknown, code: string): error is CouponError {
  return error instanceof CouponError && error.code === code;
}

function isSame(found: Coupon, wanted: NewCoupon): boolean {
  const time = (text: string | undefined) => (text === undefined ? undefined : Date.parse(text));
  return (
    found.amount === wanted.amount &&
    time(found.starts_at) === time(wanted.starts_at) &&
    time(found.ends_at) === time(wanted.ends_at)
  );
}
