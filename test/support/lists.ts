import type { Client } from './app.js';

export interface Page<T> {
  items: T[];
  next_cursor?: string;
}

/** A claim in a list. */
export interface ListedClaim {
  user_id: string;
  coupon_name: string;
  claimed_at: string;
}

/** Reads a page of a list. `query` holds parameters of the contract. */
export async function readPage<T>(
  client: Client,
  path: string,
  query: Record<string, string | number>,
): Promise<Page<T>> {
  const parameters = new URLSearchParams(query as Record<string, string>);
  const answer = await client.request('GET', `${path}?${parameters}`);
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`);
  return answer.json() as unknown as Page<T>;
}

/** Reads a list from its start to its end, and returns its pages. */
export async function readPages<T>(
  client: Client,
  path: string,
  query: Record<string, string | number>,
  betweenPages: () => Promise<unknown> = async () => {},
): Promise<T[][]> {
  const pages: T[][] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const page: Page<T> = await readPage<T>(client, path, { ...query, ...(cursor && { cursor }) });
    pages.push(page.items);
    cursor = page.next_cursor;
    await betweenPages();
  }
  return pages;
}
