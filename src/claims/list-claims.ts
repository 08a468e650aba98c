import type { Database } from '../database/database.js';
import type { Pages } from '../database/pages.js';
import { cutPage, type Page, type PageQuery } from '../page.js';

/** A claim in a list. */
export interface ListedClaim {
  user_id: string;
  coupon_name: string;
  claimed_at: string;
}

interface ClaimRow {
  user_id: string;
  created_at: Date;
}

const CLAIMS_PER_STREAMED_PAGE = 2_000;

/**
 * A page of the claims for a coupon, in their order. Positions are numbers of claims. They are drawn
 * while the coupon's row is locked: no claim can become visible behind one with a higher number.
 * Undefined: the coupon does not exist.
 */
export async function listClaims(
  database: Database,
  couponName: string,
  { after, limit }: PageQuery,
): Promise<Page<ListedClaim> | undefined> {
  // One row without a user if the coupon has no such claims.
  const rows = await database.read(
    (sql) => sql<(ClaimRow & { claim_number: string | null })[]>`
      select user_id, claim.created_at, claim_number
      from coupons
      left join lateral (
        select user_id, created_at, claim_number
        from claims
        where coupon_name collate "POSIX" = coupons.name collate "POSIX" and claim_number > ${after}::bigint
        order by claim_number
        limit ${limit + 1}::bigint
      ) as claim on true
      where coupons.name = ${couponName}
      order by claim_number`,
  );
  if (rows.length === 0) return undefined;
  const claims = rows.filter(({ claim_number }) => claim_number !== null);
  const { items, next } = cutPage(claims, limit, ({ claim_number }) => String(claim_number));
  return { items: items.map((row) => claimOf(couponName, row)), next };
}

/**
 * Reads all claims for a coupon, in their order and in one snapshot. Undefined: the coupon does not exist.
 */
export async function streamClaims(
  database: Database,
  couponName: string,
): Promise<Pages<ListedClaim> | undefined> {
  const reading = await database.readPages({
    head: (sql) => sql`select name from coupons where name = ${couponName}`,
    rows: (sql) => sql<ClaimRow[]>`
      select user_id, created_at
      from claims
      where coupon_name collate "POSIX" = ${couponName} collate "POSIX"
      order by claim_number`,
    itemOf: (row) => claimOf(couponName, row),
    size: CLAIMS_PER_STREAMED_PAGE,
  });
  return reading?.pages;
}

function claimOf(couponName: string, { user_id, created_at }: ClaimRow): ListedClaim {
  return { user_id, coupon_name: couponName, claimed_at: created_at.toISOString() };
}
