import type { Sql } from 'postgres';
import type { Database } from '../database/database.js';
import type { Pages } from '../database/pages.js';
import { type Coupon, type CouponRow, couponColumns, couponOf } from './coupon.js';

/** A coupon with all of its holders, in the order of their claims: at once, or page by page. */
export interface CouponReading {
  coupon: Coupon;
  holders: string[] | Pages<string>;
}

const HOLDERS_PER_PAGE = 2_000;

/**
 * Reads a coupon and its holders in one snapshot: the remaining amount plus the number of holders is the
 * amount, even while claims are running. Undefined: the coupon does not exist.
 */
export async function getCoupon(database: Database, name: string): Promise<CouponReading | undefined> {
  const [row] = await database.read(
    (sql) => sql<(CouponRow & { claimed_by: string[] })[]>`
      select ${couponColumns(sql)},
        array_to_json(array(
          select user_id
          from claims
          where coupon_name collate "POSIX" = coupons.name collate "POSIX"
          order by claim_number
          limit ${HOLDERS_PER_PAGE}::bigint
        )) as claimed_by
      from coupons
      where name = ${name}`,
  );
  if (!row) return undefined;
  if (row.claimed_by.length < HOLDERS_PER_PAGE) return { coupon: couponOf(row), holders: row.claimed_by };
  // More holders may follow, and the snapshot is gone: read from the start again.
  return readPages(database, name);
}

/** Reads a coupon without its holders: one probe of the primary key. Undefined: it does not exist. */
export async function getCouponWithoutHolders(database: Database, name: string): Promise<Coupon | undefined> {
  const [row] = await database.read((sql) => selectCoupon(sql, name));
  return row && couponOf(row);
}

async function readPages(database: Database, name: string): Promise<CouponReading | undefined> {
  const reading = await database.readPages({
    head: (sql) => selectCoupon(sql, name),
    rows: (sql) => sql<{ user_id: string }[]>`
      select user_id
      from claims
      where coupon_name collate "POSIX" = ${name} collate "POSIX"
      order by claim_number`,
    itemOf: ({ user_id }) => user_id,
    size: HOLDERS_PER_PAGE,
  });
  return reading && { coupon: couponOf(reading.head), holders: reading.pages };
}

function selectCoupon(sql: Sql, name: string) {
  return sql<CouponRow[]>`select ${couponColumns(sql)} from coupons where name = ${name}`;
}
