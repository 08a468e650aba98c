import postgres, { type Sql } from 'postgres';
import { DatabaseTimeout, isDatabaseUnavailable, isReadOnly } from './errors.js';
import { Gate } from './gate.js';
import type { ClientOptions, Transport } from './options.js';

/** What a client reports about its database. */
export interface ClientObserver {
  /** A query failed, or a connection closed: the database may be gone. */
  onDoubt: () => void;
  /** The database did not answer in time. The client gives its connections up. */
  onHung: () => void;
}

export interface ClientSettings {
  /** The URL of the primary at this moment. */
  url: () => string;
  options: ClientOptions;
  transport: Transport;
  /** The bound on an answer, counted from the moment at which a connection is free. */
  timeoutMs: number;
  observer: ClientObserver;
}

/** Requests beyond the connections wait here, not in postgres.js: their timeout must not start yet. */
const WAITING_MAX = 10_000;
const WAIT_MS_MAX = 5_000;

/**
 * A postgres.js client with a bound on every wait. If the database does not answer in time, or is no
 * primary any more, the client replaces its connections: they may lead to a machine that is gone,
 * and the operating system needs a quarter of an hour to notice.
 */
export class Client {
  readonly #settings: ClientSettings;
  readonly #gate: Gate;
  #sql: Sql;
  #isClosed = false;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
    this.#gate = new Gate({
      max: settings.options.max as number,
      waitingMax: WAITING_MAX,
      waitMsMax: WAIT_MS_MAX,
    });
    this.#sql = this.#open();
  }

  /** Runs a query once a connection is free. @throws Overloaded, DatabaseTimeout, or the error of postgres.js. */
  async query<T>(run: (sql: Sql) => Promise<T>): Promise<T> {
    await this.#gate.enter();
    try {
      return await this.start(run);
    } finally {
      this.#gate.leave();
    }
  }

  /** As `query`, without a wait for a free connection. */
  start<T>(run: (sql: Sql) => Promise<T>): Promise<T> {
    const { sql, result } = this.send(run);
    return this.bound(sql, result);
  }

  /** Sends a query, without a bound on its result. */
  send<T>(run: (sql: Sql) => Promise<T>): { sql: Sql; result: Promise<T> } {
    return { sql: this.#sql, result: this.#settings.transport(this.#sql, run) };
  }

  /** Bounds the wait for a result over `sql`. @throws DatabaseTimeout. */
  async bound<T>(sql: Sql, result: Promise<T>): Promise<T> {
    const { timeoutMs, observer } = this.#settings;
    let timer: NodeJS.Timeout | undefined;
    let immediate: NodeJS.Immediate | undefined;
    const timeout = new Promise<never>((_, reject) => {
      const giveUp = () => {
        if (this.replace(sql)) observer.onHung();
        reject(new DatabaseTimeout(`the database did not answer within ${timeoutMs} ms`));
      };
      // If our own event loop was late, the answer may be there: sockets are read before giveUp runs.
      timer = setTimeout(() => (immediate = setImmediate(giveUp)), timeoutMs);
    });
    try {
      return await Promise.race([result, timeout]);
    } catch (error) {
      // An error leaves the connection open, but this node does not take writes any more.
      if (isReadOnly(error)) this.replace(sql);
      if (isDatabaseUnavailable(error)) observer.onDoubt();
      throw error;
    } finally {
      clearTimeout(timer);
      clearImmediate(immediate);
    }
  }

  /**
   * Opens new connections in place of `sql`. Queries under way over the old ones fail.
   * @returns false if `sql` has been replaced already.
   */
  replace(sql = this.#sql): boolean {
    if (this.#sql !== sql || this.#isClosed) return false;
    this.#sql = this.#open();
    sql.end({ timeout: 0 }).catch(() => {});
    return true;
  }

  close(timeoutSeconds: number): Promise<void> {
    this.#isClosed = true;
    return this.#sql.end({ timeout: timeoutSeconds });
  }

  #open(): Sql {
    const { url, options, observer } = this.#settings;
    return postgres(url(), { ...options, onclose: observer.onDoubt }) as Sql;
  }
}
