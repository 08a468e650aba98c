import { PassThrough } from 'node:stream';
import type { Sql } from 'postgres';
import type { Database } from '../database/database.js';

export interface Coupon {
  name: string;
  amount: number;
  remaining_amount: number;
  /** The holders, in the order of their claims. */
  claimed_by: string[];
}

/** A coupon with the first page of its holders. */
export interface CouponReading {
  coupon: Coupon;
  /** The other pages. Undefined: there are none. */
  rest: CouponPages | undefined;
}

/** Pages to be read once. They hold a database connection until the end, and throw if it breaks. */
export interface CouponPages extends AsyncIterable<string[]> {
  /** Gives the connection back. Call it at the end of every reading, complete or not. */
  close(): void;
}

interface Row {
  amount: number;
  remaining_amount: number;
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
  if (rows.length < HOLDERS_PER_PAGE) return { coupon: couponOf(name, rows), rest: undefined };
  // More holders may follow, and the snapshot is gone: read from the start again.
  return readPages(database, name);
}

/** One row per holder, in the order of their claims, or one row without a user. Null: no limit. */
function selectRows(sql: Sql, name: string, limit: number | null) {
  return sql<Row[]>`
    select amount, remaining_amount, user_id
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

function readPages(database: Database, name: string): Promise<CouponReading | undefined> {
  return database.readLong(async (sql, release) => {
    // In its iterator form, the cursor of postgres.js ends normally when the connection breaks between
    // two pages. In its callback form it rejects.
    const pages = new PassThrough({ objectMode: true, highWaterMark: 1 });
    pages.once('close', release);
    selectRows(sql, name, null)
      .cursor(HOLDERS_PER_PAGE, async (page) => {
        if (!pages.destroyed && !pages.write(page)) await drainOrClose(pages);
        return pages.destroyed ? sql.CLOSE : undefined;
      })
      .then(
        () => pages.end(),
        (error) => pages.destroy(error),
      );
    const rows = pages[Symbol.asyncIterator]() as AsyncIterableIterator<Row[]>;
    const first = await rows.next();
    if (first.done) return undefined;
    return { coupon: couponOf(name, first.value), rest: pagesOf(rows, () => void pages.destroy()) };
  });
}

function couponOf(name: string, page: Row[]): Coupon {
  const [{ amount, remaining_amount }] = page as [Row];
  // claimed_by comes last: getCoupon's handler appends the other pages to it.
  return { name, amount, remaining_amount, claimed_by: userIds(page) };
}

function pagesOf(rows: AsyncIterable<Row[]>, close: () => void): CouponPages {
  return {
    async *[Symbol.asyncIterator]() {
      for await (const page of rows) yield userIds(page);
    },
    close,
  };
}

function userIds(page: Row[]): string[] {
  return page.flatMap(({ user_id }) => user_id ?? []);
}

function drainOrClose(stream: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => stream.destroy(new Error('the reader is too slow')), STALL_TIMEOUT_MS);
    const done = () => {
      clearTimeout(timer);
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}
