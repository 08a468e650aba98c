import postgres, { type Sql } from 'postgres';
import { DatabaseTimeout, isDatabaseUnavailable } from './errors.js';
import type { ClientOptions } from './options.js';

/** What a client reports about its database. */
export interface ClientObserver {
  /** A query failed, or a connection closed: the database may be gone. */
  onDoubt: () => void;
  /** The database did not answer in time. The client gives its connections up. */
  onHung: () => void;
}

/**
 * A postgres.js client with a bound on every wait. If the database does not answer in time, the client
 * replaces its connections: they may lead to a machine that is gone, and the operating system needs
 * a quarter of an hour to notice.
 */
export class Client {
  readonly #open: () => Sql;
  readonly #timeoutMs: number;
  readonly #observer: ClientObserver;
  #sql: Sql;
  #isClosed = false;

  constructor(url: string, options: ClientOptions, timeoutMs: number, observer: ClientObserver) {
    this.#timeoutMs = timeoutMs;
    this.#observer = observer;
    this.#open = () => postgres(url, { ...options, onclose: observer.onDoubt }) as Sql;
    this.#sql = this.#open();
  }

  /** The postgres.js client at this moment. */
  get sql(): Sql {
    return this.#sql;
  }

  /** @throws DatabaseTimeout, or the error of postgres.js. */
  query<T>(run: (sql: Sql) => Promise<T>): Promise<T> {
    return this.bound(this.#sql, run(this.#sql));
  }

  /** Bounds the wait for the result of a query over `sql`. @throws DatabaseTimeout. */
  async bound<T>(sql: Sql, result: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        if (this.replace(sql)) this.#observer.onHung();
        reject(new DatabaseTimeout(`the database did not answer within ${this.#timeoutMs} ms`));
      }, this.#timeoutMs);
    });
    try {
      return await Promise.race([result, timeout]);
    } catch (error) {
      if (isDatabaseUnavailable(error)) this.#observer.onDoubt();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Opens new connections in place of `sql`. Queries under way over the old ones fail.
   * @returns false if `sql` has been replaced already.
   */
  replace(sql: Sql): boolean {
    if (this.#sql !== sql || this.#isClosed) return false;
    this.#sql = this.#open();
    sql.end({ timeout: 0 }).catch(() => {});
    return true;
  }

  close(timeoutSeconds: number): Promise<void> {
    this.#isClosed = true;
    return this.#sql.end({ timeout: timeoutSeconds });
  }
}
