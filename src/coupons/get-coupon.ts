import { PassThrough } from 'node:stream';
import type { Sql } from 'postgres';
import type { Database } from '../database/database.js';

export interface Coupon {
  name: string;
  amount: number;
  remaining_amount: number;
  /** Who holds it, in the order of the claims. */
  claimed_by: string[];
}

/** A coupon with as many of its holders as fit a page. */
export interface CouponReading {
  coupon: Coupon;
  /** The other holders, in pages. Undefined: there are none. */
  rest: CouponPages | undefined;
}

/** To be read once. It holds a connection to the database until its end, and throws when that breaks. */
export interface CouponPages extends AsyncIterable<string[]> {
  /** Gives the connection back, wherever the reading stands. To be called whenever it is over. */
  close(): void;
}

interface Row {
  amount: number;
  remaining_amount: number;
  user_id: string | null;
}

const HOLDERS_PER_PAGE = 2_000;
/** How long a reader may leave a page unread: it holds a connection to the database, and there are few. */
const STALL_TIMEOUT_MS = 5_000;

/**
 * Reads a coupon. One statement, and so one snapshot: what is left plus the holders is the stock, also while
 * claims are running. Undefined: there is no such coupon.
 */
export async function readCoupon(database: Database, name: string): Promise<CouponReading | undefined> {
  const rows = await database.read((sql) => selectRows(sql, name, HOLDERS_PER_PAGE));
  if (rows.length === 0) return undefined;
  if (rows.length < HOLDERS_PER_PAGE) return { coupon: couponOf(name, rows), rest: undefined };
  // There may be more, and the snapshot is gone: from the start again.
  return readPages(database, name);
}

/** One row for each holder, in the order of their claims, or one without a user. Without a limit: all. */
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
  // postgres.js can hand out a cursor as an iterator, but that one ends like an answer that is complete when
  // the connection breaks between two pages. The promise of the callback form is rejected then.
  const pages = new PassThrough({ objectMode: true, highWaterMark: 1 });
  const rows = pages[Symbol.asyncIterator]() as AsyncIterableIterator<Row[]>;
  return database.read(async (sql) => {
    selectRows(sql, name, null)
      .cursor(HOLDERS_PER_PAGE, async (page) => {
        if (!pages.destroyed && !pages.write(page)) await drainOrClose(pages);
        return pages.destroyed ? sql.CLOSE : undefined;
      })
      .then(
        () => pages.end(),
        (error) => pages.destroy(error),
      );
    const first = await rows.next();
    if (first.done) return undefined;
    return { coupon: couponOf(name, first.value), rest: pagesOf(rows, () => void pages.destroy()) };
  });
}

function couponOf(name: string, page: Row[]): Coupon {
  const [{ amount, remaining_amount }] = page as [Row];
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
