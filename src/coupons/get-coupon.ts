import type { Sql } from 'postgres';
import type { Database } from '../database/database.js';
import type { Pages } from '../database/pages.js';
import { type Coupon, type CouponRow, couponColumns, couponOf } from './coupon.js';

export interface CouponWithHolders extends Coupon {
  /** The holders, in the order of their claims. */
  claimed_by: string[];
}

/** A coupon with the first page of its holders. */
export interface CouponReading {
  coupon: CouponWithHolders;
  /** The other pages. Undefined: there are none. */
  rest: CouponPages | undefined;
}

/** Pages to be read once. They hold a database connection until the end, and throw if it breaks. */
export interface CouponPages extends AsyncIterable<string[]> {
  /** Gives the connection back. Call it at the end of every reading, complete or not. */
  close(): void;
}

interface HolderRow extends CouponRow {
  user_id: string | null;
}

const HOLDERS_PER_PAGE = 2_000;
/** How long a reader may leave a page unread. It holds one of few database connections. */
const STALL_TIMEOUT_MS = 5_000;

/**
 * Reads a coupon in one statement, and so in one snapshot: the remaining amount plus the number of
 * holders is the amount, even while claims are running. Undefined: the coupon does not exist.
 */
export async function getCoupon(database: Database, name: string): Promise<CouponReading | undefined> {
  const rows = await database.read((sql) => selectRows(sql, name, HOLDERS_PER_PAGE));
  if (rows.length === 0) return undefined;
  if (rows.length < HOLDERS_PER_PAGE) return { coupon: withHolders(rows), rest: undefined };
  // More holders may follow, and the snapshot is gone: read from the start again.
  return readPages(database, name);
}

/** One row per holder, in the order of their claims, or one row without a user. Null: no limit. */
function selectRows(sql: Sql, name: string, limit: number | null) {
  return sql<HolderRow[]>`
    select ${couponColumns(sql)}, user_id
    from coupons
    left join lateral (
      select user_id, claim_number
      from claims
      where coupon_name collate "POSIX" = coupons.name collate "POSIX"
      order by claim_number
      limit ${limit}::bigint
    ) as holder on true
    where coupons.name = ${name}
    order by claim_number`;
}

async function readPages(database: Database, name: string): Promise<CouponReading | undefined> {
  const { first, pages } = await database.readPages((sql) => selectRows(sql, name, null), HOLDERS_PER_PAGE);
  if (first.length === 0) return undefined;
  return { coupon: withHolders(first), rest: restOf(pages, first) };
}

function withHolders(page: HolderRow[]): CouponWithHolders {
  // claimed_by comes last: getCoupon's handler appends the other pages to it.
  return { ...couponOf(page[0] as HolderRow), claimed_by: userIds(page) };
}

function restOf(pages: Pages<HolderRow>, first: HolderRow[]): CouponPages {
  return {
    async *[Symbol.asyncIterator]() {
      for (let page = first; page.length === HOLDERS_PER_PAGE; ) {
        page = await pages.next();
        if (page.length === 0) return;
        const timer = setTimeout(() => pages.close(), STALL_TIMEOUT_MS);
        try {
          yield userIds(page);
        } finally {
          clearTimeout(timer);
        }
      }
    },
    close: () => pages.close(),
  };
}

function userIds(page: HolderRow[]): string[] {
  return page.flatMap(({ user_id }) => user_id ?? []);
}
