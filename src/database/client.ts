import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres, { type Sql } from 'postgres';
import { DatabaseTimeout, isDatabaseUnavailable, isReadOnly } from './errors.js';
import type { ClientOptions, Transport } from './options.js';

/** What a client reports about its database. */
export interface ClientObserver {
  /** A query failed, or a connection closed: the database may be gone. */
  onDoubt: () => void;
  /** The database did not answer in time. The client gives its connection up. */
  onHung: (timeoutMs: number) => void;
}

export interface ClientSettings {
  /** The URL of the primary at this moment. */
  url: () => string;
  options: ClientOptions;
  transport: Transport;
  /** The bound on an answer. */
  timeoutMs: number;
  observer: ClientObserver;
}

/** What postgres.js passes to its option `socket`. */
interface Target {
  host: string[];
  port: number[];
  /** Of a Unix socket. */
  path: string | false;
}

/** A client waits this long from one attempt to connect to the next. */
const CONNECT_INTERVAL_MS = 100;

/**
 * One connection to the database, opened when it is needed, with a bound on every wait. If the
 * database does not answer in time, or is no primary any more, the client replaces the connection: it
 * may lead to a machine that is gone, and the operating system needs a quarter of an hour to notice.
 *
 * Each postgres.js instance connects once. A broken connection that postgres.js 3.4 opens again may
 * never send anything (porsager/postgres#1154), or end the process (#1208).
 */
export class Client {
  readonly #settings: ClientSettings;
  #sql: Sql;
  #connectedAt = -CONNECT_INTERVAL_MS;
  #isClosed = false;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
    this.#sql = this.#open();
  }

  /** The connection of this moment. */
  get sql(): Sql {
    return this.#sql;
  }

  /** Runs a query. @throws DatabaseTimeout, or the error of postgres.js. */
  query<T>(run: (sql: Sql) => Promise<T>): Promise<T> {
    const { sql, result } = this.send(run);
    return this.bound(sql, result);
  }

  /** Sends a query, without a bound on its result. */
  send<T>(run: (sql: Sql) => Promise<T>): { sql: Sql; result: Promise<T> } {
    return { sql: this.#sql, result: this.#settings.transport(this.#sql, run) };
  }

  /** Bounds the wait for a result over `sql`. @throws DatabaseTimeout. */
  async bound<T>(sql: Sql, result: Promise<T>, timeoutMs = this.#settings.timeoutMs): Promise<T> {
    const { observer } = this.#settings;
    let timer: NodeJS.Timeout | undefined;
    let immediate: NodeJS.Immediate | undefined;
    const timeout = new Promise<never>((_, reject) => {
      const giveUp = () => {
        if (this.replace(sql)) observer.onHung(timeoutMs);
        reject(new DatabaseTimeout(`the database did not answer within ${timeoutMs} ms`));
      };
      // If our own event loop was late, the answer may be there: sockets are read before giveUp runs.
      timer = setTimeout(() => (immediate = setImmediate(giveUp)), timeoutMs);
    });
    try {
      return await Promise.race([result, timeout]);
    } catch (error) {
      // This node does not take writes any more, or the socket failed, which closes a moment later.
      if (isReadOnly(error) || !(error instanceof postgres.PostgresError)) this.replace(sql);
      if (isDatabaseUnavailable(error)) observer.onDoubt();
      throw error;
    } finally {
      clearTimeout(timer);
      clearImmediate(immediate);
    }
  }

  /**
   * Opens a new connection in place of `sql`. Queries under way over the old one fail.
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
    let isUsed = false;
    const socket = async (target: Target) => {
      await sleep(Math.max(0, this.#connectedAt + CONNECT_INTERVAL_MS - performance.now()));
      if (isUsed || this.#isClosed || this.#sql !== sql) {
        this.replace(sql);
        throw Object.assign(new Error('the connection closed'), { code: 'CONNECTION_CLOSED' });
      }
      isUsed = true;
      this.#connectedAt = performance.now();
      return openSocket(target);
    };
    const sql: Sql = postgres(url(), {
      ...options,
      max: 1,
      // It is not among the types of postgres.js.
      ...{ socket },
      onclose: () => {
        this.replace(sql);
        observer.onDoubt();
      },
    });
    return sql;
  }
}

function openSocket({ host: [host = ''], port: [port = 0], path }: Target): Socket {
  // postgres.js takes the name for TLS from the socket.
  return Object.assign(path ? connect(path) : connect(port, host), { host });
}
