import type { CallOptions } from './settings.js';

export interface ListOptions extends CallOptions {
  /** The items that one request asks for, 1 to 1,000. 100, unless given. All items come in any case. */
  pageSize?: number | undefined;
}

interface Page<Item> {
  items: Item[];
  next_cursor?: string;
}

/** Yields the items of a list, page by page. A page is read when the items before it are used up. */
export async function* itemsOf<Item>(
  signal: AbortSignal | undefined,
  readPage: (cursor: string | undefined) => Promise<Page<Item>>,
): AsyncGenerator<Item, void, undefined> {
  let cursor: string | undefined;
  do {
    const page = await readPage(cursor);
    for (const item of page.items) {
      signal?.throwIfAborted();
      yield item;
    }
    cursor = page.next_cursor;
  } while (cursor !== undefined);
}
