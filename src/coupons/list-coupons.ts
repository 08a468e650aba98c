import type { Database } from '../database/database.js';
import { COUPONS_EXAMINED_MAX, cutPage, type Page, type PageQuery } from '../page.js';
import { mergePages } from '../shards/merge-pages.js';
import { type Coupon, type CouponRow, type CouponState, couponColumns, couponOf } from './coupon.js';

interface ExaminedRow extends CouponRow {
  is_wanted: boolean;
  /** The statement examined no coupon behind this one. */
  is_end: boolean;
}

/**
 * A page of the coupons, in the order of their names. With a state, it holds those of the examined
 * coupons that are in it: fewer than the limit, or none, although more may follow.
 */
export async function listCoupons(
  shards: readonly Database[],
  query: PageQuery & { state: CouponState | undefined },
): Promise<Page<Coupon>> {
  return mergePages(
    shards,
    query.limit,
    ({ name }) => name,
    (shard) => listOf(shard, query),
  );
}

async function listOf(
  database: Database,
  { after, limit, state }: PageQuery & { state: CouponState | undefined },
): Promise<Page<Coupon>> {
  const rows = await database.read(
    (sql) => sql<ExaminedRow[]>`
      with examined_coupons as (
        select ${couponColumns(sql)}, row_number() over (order by name) as place
        from coupons
        where name > ${after}
        order by name
        limit ${COUPONS_EXAMINED_MAX}::bigint
      ),
      judged_coupons as (
        select *,
          coalesce(state = ${state ?? null}::text, true) as is_wanted,
          place = ${COUPONS_EXAMINED_MAX}::bigint as is_end
        from examined_coupons
      )
      select name, amount, remaining_amount, state, starts_at, ends_at, is_wanted, is_end
      from judged_coupons
      where is_wanted or is_end
      order by name
      limit ${limit + 1}::bigint`,
  );
  const { items, next } = cutPage(
    rows,
    limit,
    ({ name }) => name,
    ({ is_end }) => is_end,
  );
  return { items: items.filter(({ is_wanted }) => is_wanted).map(couponOf), next };
}
