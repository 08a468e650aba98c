import type { PendingQuery, Row, Sql } from 'postgres';
import type { Client } from './client.js';

/** How long a reader may leave a page unread. It holds one of few database connections. */
const STALL_TIMEOUT_MS = 5_000;
/** How long PostgreSQL may read all rows of a held cursor. STATEMENT_TIMEOUT_MS does not hold in a commit. */
const HOLD_TIMEOUT_MS = 60_000;

/** A read with an answer of any length. */
export interface PagesQuery<Head extends Row, R extends Row, Item> {
  /** Selects at most one row, of the same snapshot. Without it, there is nothing to read. */
  head: (sql: Sql) => PendingQuery<Head[]>;
  rows: (sql: Sql) => PendingQuery<R[]>;
  itemOf: (row: R) => Item;
  /** Rows per page. */
  size: number;
}

/** How the pages of a connection are read. */
export interface PagesOptions {
  /** Starts the transaction in which the query runs: one with a single snapshot. */
  begin: string;
  /**
   * Whether PostgreSQL reads all rows at once and keeps them, so that the transaction ends before the reader
   * has the first page. While a transaction is open, PostgreSQL can remove no old version of a coupon's row,
   * and each claim reads all of them. Behind a pooler, no cursor outlives its transaction.
   */
  isHeld: boolean;
}

/**
 * The items of a query, page by page and in one snapshot, to be read once. They hold a connection until
 * the last page, an error, or `close`. A reader that leaves a page unread for 5 seconds loses it.
 */
export class Pages<Item> implements AsyncIterable<Item[]> {
  readonly #client: Client;
  readonly #sql: Sql;
  readonly #fetch: () => Promise<Item[]>;
  readonly #size: number;
  #first: Item[] = [];
  /** Frees the connection for its next user. */
  #end = 'rollback';
  /** Undefined: closed. */
  #release: (() => void) | undefined;

  private constructor(client: Client, fetch: () => Promise<Item[]>, size: number, release: () => void) {
    this.#client = client;
    this.#sql = client.sql;
    this.#fetch = fetch;
    this.#size = size;
    this.#release = release;
  }

  /**
   * Starts the query, and reads its head and the first page. Undefined: there is no head.
   * @param release is called once, when the client is free again.
   * @throws DatabaseTimeout, or the error of postgres.js.
   */
  static async open<Head extends Row, R extends Row, Item>(
    client: Client,
    { begin, isHeld }: PagesOptions,
    { head, rows, itemOf, size }: PagesQuery<Head, R, Item>,
    release: () => void,
  ): Promise<{ head: Head; pages: Pages<Item> } | undefined> {
    const { sql } = client;
    const fetch = async () => (await sql.unsafe<R[]>(`fetch ${size} from pages`)).map(itemOf);
    const pages = new Pages<Item>(client, fetch, size, release);
    // The cursor is PostgreSQL's, not that of postgres.js: if the connection breaks between two pages,
    // that one writes to a socket that is gone, and the error ends the process
    // (porsager/postgres#1208).
    const declare = async () => {
      await sql.unsafe(begin);
      const [found] = await head(sql);
      if (found)
        await sql`declare pages no scroll cursor ${isHeld ? sql`with hold` : sql``} for ${rows(sql)}`;
      return found;
    };
    const found = await pages.#bound(declare());
    if (!found) {
      pages.close();
      return undefined;
    }
    if (isHeld) {
      await pages.#bound(sql.unsafe('commit'), HOLD_TIMEOUT_MS);
      pages.#end = 'close pages';
    }
    pages.#first = await pages.#next();
    return { head: found, pages };
  }

  /** @throws as `open`, or if the pages were closed before their end. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item[], void> {
    for (let page = this.#first; page.length > 0; page = await this.#next()) {
      const timer = setTimeout(() => this.close(), STALL_TIMEOUT_MS);
      try {
        yield page;
      } finally {
        clearTimeout(timer);
      }
      if (page.length < this.#size) return;
    }
  }

  /** Gives the connection back. Call it at the end of every reading, complete or not. */
  close(): void {
    const release = this.#release;
    this.#release = undefined;
    if (!release) return;
    this.#client
      .bound(this.#sql, this.#sql.unsafe(this.#end))
      // The connection broke, or kept its cursor or transaction: nobody must get it.
      .catch(() => this.#client.replace(this.#sql))
      .finally(release);
  }

  async #next(): Promise<Item[]> {
    if (!this.#release) throw new Error('the pages were closed before their end');
    const page = await this.#bound(this.#fetch());
    // A page that is not full is the last one.
    if (page.length < this.#size) this.close();
    return page;
  }

  async #bound<T>(result: Promise<T>, timeoutMs?: number): Promise<T> {
    try {
      return await this.#client.bound(this.#sql, result, timeoutMs);
    } catch (error) {
      this.close();
      throw error;
    }
  }
}
