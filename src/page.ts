/** Pages of lists, by keyset: a page starts behind the position of the item before it. */

/** Which page is wanted: at most `limit` items behind the position `after`. */
export interface PageQuery {
  after: string;
  limit: number;
}

export interface Page<T> {
  items: T[];
  /** The position behind which the next page starts. Undefined: this is the last page. */
  next: string | undefined;
}

/**
 * How many coupons the statement of one page looks at. Nothing else bounds it if few of them are wanted:
 * an index on what changes with every claim would end the HOT updates of `coupons`.
 */
export const COUPONS_EXAMINED_MAX = 5_000;

/**
 * Divides the rows of a statement that reads one row more than `limit`, to learn whether there are more.
 * @param isEnd whether the statement stopped at this row, and more may follow.
 */
export function cutPage<Row>(
  rows: readonly Row[],
  limit: number,
  positionOf: (row: Row) => string,
  isEnd: (row: Row) => boolean = () => false,
): Page<Row> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const hasMore = last && (rows.length > limit || isEnd(last));
  return { items, next: hasMore ? positionOf(last) : undefined };
}
