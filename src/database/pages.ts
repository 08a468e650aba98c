import type { PendingQuery, Row, Sql } from 'postgres';
import type { Client } from './client.js';

/**
 * The rows of a query, page by page and in one snapshot. They hold a connection until the last page,
 * an error, or `close`.
 */
export class Pages<T extends Row> {
  readonly #client: Client;
  readonly #sql: Sql;
  readonly #size: number;
  /** Undefined: closed. */
  #release: (() => void) | undefined;

  private constructor(client: Client, size: number, release: () => void) {
    this.#client = client;
    this.#sql = client.sql;
    this.#size = size;
    this.#release = release;
  }

  /**
   * Starts the query, and reads the first page.
   * @param begin starts the transaction in which it runs.
   * @param size rows per page.
   * @param release is called once, when the client is free again.
   * @throws DatabaseTimeout, or the error of postgres.js.
   */
  static async open<T extends Row>(
    client: Client,
    begin: string,
    select: (sql: Sql) => PendingQuery<T[]>,
    size: number,
    release: () => void,
  ): Promise<{ first: T[]; pages: Pages<T> }> {
    const pages = new Pages<T>(client, size, release);
    // The cursor is PostgreSQL's, not that of postgres.js: if the connection breaks between two pages,
    // that one writes to a socket that is gone, and the error ends the process
    // (porsager/postgres#1208).
    const opened = async (sql: Sql) => {
      await sql.unsafe(begin);
      await sql`declare pages no scroll cursor for ${select(sql)}`;
      return pages.#fetch();
    };
    return { first: await pages.#bound(opened(client.sql)), pages };
  }

  /** Reads the next page. A page that is not full is the last one. @throws as `open`, or after `close`. */
  async next(): Promise<T[]> {
    if (!this.#release) throw new Error('the pages were closed before their end');
    return this.#bound(this.#fetch());
  }

  /** Gives the connection back. */
  close(): void {
    const release = this.#release;
    this.#release = undefined;
    if (!release) return;
    // It fails if the connection broke. Then nothing is left to roll back.
    this.#client
      .bound(this.#sql, this.#sql.unsafe('rollback'))
      .catch(() => {})
      .finally(release);
  }

  #fetch(): Promise<T[]> {
    return this.#sql.unsafe<T[]>(`fetch ${this.#size} from pages`);
  }

  async #bound(result: Promise<T[]>): Promise<T[]> {
    try {
      const page = await this.#client.bound(this.#sql, result);
      if (page.length < this.#size) this.close();
      return page;
    } catch (error) {
      this.close();
      throw error;
    }
  }
}
