import type { Database } from '../database/database.js';
import type { Page } from '../page.js';

/**
 * Reads a page of each shard, and merges them in the order of the names of their coupons. The merged page
 * ends where the first of them does: behind that, the coupons of this shard are not known.
 * @param read reads the page of one shard, with at most `limit` items.
 */
export async function mergePages<T>(
  shards: readonly Database[],
  limit: number,
  nameOf: (item: T) => string,
  read: (shard: Database) => Promise<Page<T>>,
): Promise<Page<T>> {
  const [only] = shards;
  if (shards.length === 1 && only) return read(only);
  const pages = await Promise.all(shards.map(read));
  const ends = pages.flatMap(({ next }) => (next === undefined ? [] : [next]));
  const end = ends.sort(compareNames)[0];
  const known = pages
    .flatMap(({ items }) => items)
    .filter((item) => end === undefined || compareNames(nameOf(item), end) <= 0)
    .sort((a, b) => compareNames(nameOf(a), nameOf(b)));
  const items = known.slice(0, limit);
  const last = items.at(-1);
  return { items, next: last && known.length > limit ? nameOf(last) : end };
}

/** As the database sorts: by the bytes in UTF-8. JavaScript sorts by those in UTF-16. */
function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
