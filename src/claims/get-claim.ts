import type { Database } from '../database/database.js';

export interface Claim {
  user_id: string;
  coupon_name: string;
  claimed_at: string;
  /** 1 for the first claim of the coupon. */
  position: number;
}

/** The claim of a user for a coupon, with its place in the order of the coupon's claims. */
export async function getClaim(
  database: Database,
  couponName: string,
  userId: string,
): Promise<Claim | undefined> {
  const [row] = await database.read(
    (sql) => sql<{ created_at: Date; position: number }[]>`
      select claim.created_at,
        -- Counted, not stored: claims may be deleted by hand. It reads the order index up to this
        -- claim.
        (
          select count(*)::int
          from claims as earlier
          where earlier.coupon_name collate "POSIX" = claim.coupon_name collate "POSIX"
            and earlier.claim_number <= claim.claim_number
        ) as position
      from claims as claim
      where claim.coupon_name = ${couponName} and claim.user_id = ${userId}`,
  );
  return (
    row && {
      user_id: userId,
      coupon_name: couponName,
      claimed_at: row.created_at.toISOString(),
      position: row.position,
    }
  );
}
