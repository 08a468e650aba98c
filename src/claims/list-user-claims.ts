import type { Database } from '../database/database.js';
import { COUPONS_EXAMINED_MAX, cutPage, type Page, type PageQuery } from '../page.js';
import { mergePages } from '../shards/merge-pages.js';
import type { ListedClaim } from './list-claims.js';

interface ProbedRow {
  coupon_name: string;
  /** Null: the user does not hold this coupon. */
  created_at: Date | null;
  /** The statement examined no coupon behind this one. */
  is_end: boolean;
}

/**
 * A page of a user's claims, in the order of their coupons' names: those for the examined coupons, which
 * may be fewer than the limit, or none, although more may follow. Decision 0014 has the figures.
 */
export async function listUserClaims(
  shards: readonly Database[],
  userId: string,
  query: PageQuery,
): Promise<Page<ListedClaim>> {
  return mergePages(
    shards,
    query.limit,
    ({ coupon_name }) => coupon_name,
    (shard) => listOf(shard, userId, query),
  );
}

async function listOf(
  database: Database,
  userId: string,
  { after, limit }: PageQuery,
): Promise<Page<ListedClaim>> {
  const rows = await database.read(
    (sql) => sql<ProbedRow[]>`
      with examined_coupons as (
        select name, row_number() over (order by name) as place
        from coupons
        where name > ${after}
        order by name
        limit ${COUPONS_EXAMINED_MAX}::bigint
      ),
      probed_coupons as (
        select name as coupon_name,
          -- A scalar subquery can only be planned as a probe of the primary key (decision 0008).
          (
            select created_at from claims
            where claims.coupon_name = examined_coupons.name and user_id = ${userId}
          ) as created_at,
          place = ${COUPONS_EXAMINED_MAX}::bigint as is_end
        from examined_coupons
      )
      select coupon_name, created_at, is_end
      from probed_coupons
      where created_at is not null or is_end
      order by coupon_name
      limit ${limit + 1}::bigint`,
  );
  const { items, next } = cutPage(
    rows,
    limit,
    ({ coupon_name }) => coupon_name,
    ({ is_end }) => is_end,
  );
  const claims = items.flatMap(({ coupon_name, created_at }) =>
    created_at ? [{ user_id: userId, coupon_name, claimed_at: created_at.toISOString() }] : [],
  );
  return { items: claims, next };
}
