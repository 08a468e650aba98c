import type { Sql } from 'postgres';
import type { Client } from '../database/client.js';
import { isOutcomeUnknown } from '../database/errors.js';

/**
 * Runs queries over one connection, in the order of the calls. If the outcome of a query is unknown,
 * the queries behind it fail, too: the lane then runs them again in their order.
 */
export class OrderedConnection {
  readonly #client: Pick<Client, 'send' | 'bound' | 'replace'>;
  /** Settles with the previous query. Never rejects. */
  #previous: Promise<unknown> = Promise.resolve();

  /** @param client a client of one connection, which nobody else uses. */
  constructor(client: Pick<Client, 'send' | 'bound' | 'replace'>) {
    this.#client = client;
  }

  /** @throws DatabaseTimeout, or the error of postgres.js. */
  query<T>(run: (sql: Sql) => Promise<T>): Promise<T> {
    const { sql, result } = this.#client.send(run);
    const outcome = this.#after(this.#previous, sql, result);
    this.#previous = outcome.catch(() => {});
    return outcome;
  }

  /** The timeout of a query starts when the previous query has ended. */
  async #after<T>(previous: Promise<unknown>, sql: Sql, result: Promise<T>): Promise<T> {
    // It may fail during the wait. The error is thrown afterwards.
    result.catch(() => {});
    await previous;
    try {
      return await this.#client.bound(sql, result);
    } catch (error) {
      // Otherwise postgres.js would reconnect and send the queries behind it first. This one, run
      // again, would come after them.
      if (isOutcomeUnknown(error)) this.#client.replace(sql);
      throw error;
    }
  }
}
