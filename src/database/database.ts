import postgres, { type Sql } from 'postgres';
import { DatabaseTimeout, isOutcomeUnknown } from './errors.js';

export interface DatabaseOptions {
  url: string;
  /** For reading coupons, and as many for creating them. */
  connectionsMax: number;
  /** Each has a connection of its own for claims. */
  claimLanes: number;
  statementTimeoutMs: number;
  lockTimeoutMs: number;
  /** Told of each client that was given up because the database did not answer it. */
  onHung?: () => void;
}

/** The database, as far as this service uses it. */
export interface Database {
  /**
   * Runs a query, or several, and waits for them a bounded time.
   * @throws DatabaseTimeout when the time is over; what postgres.js throws otherwise.
   */
  query<T>(run: (sql: Sql) => Promise<T>): Promise<T>;
  /** As `query`, for answers that are read piece by piece; only the first piece has to come in time. */
  read<T>(run: (sql: Sql) => Promise<T>): Promise<T>;
  /** As `query`, on the connection of a lane (0, 1, …), which carries out what it is given one after the other. */
  claim<T>(lane: number, run: (sql: Sql) => Promise<T>): Promise<T>;
  /** Does the database answer, and has it our tables? Never throws; takes 2 seconds at the most. */
  isHealthy(): Promise<boolean>;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_SECONDS = 5;
const HEALTH_TIMEOUT_MS = 2_000;
const READ_TIMEOUT_MS = 60_000;
/** The database enforces the statement timeout; only when it does not even do that, we give up by ourselves. */
const GRACE_MS = 1_000;
const CLOSE_TIMEOUT_SECONDS = 5;
const TEXT_ARRAY_OID = 1009;
/**
 * Planning the claim statement costs as much as running it for ten claims: one plan, made once, for any batch. It is
 * made while the tables are empty, and kept: one that reads a whole table would be a time bomb.
 */
export const CLAIM_SETTINGS = { plan_cache_mode: 'force_generic_plan', enable_seqscan: 'off', jit: 'off' };

export function openDatabase({
  url,
  connectionsMax,
  claimLanes,
  statementTimeoutMs,
  lockTimeoutMs,
  onHung,
}: DatabaseOptions): Database {
  const options = (max: number, timeoutMs: number, settings = {}) => ({
    max,
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    backoff: (retries: number) => Math.min(0.1 * 2 ** retries, 2),
    onnotice: () => {},
    // Else postgres.js asks each new connection for the types of arrays, and when the connection breaks before it
    // answers, that rejection is nobody's and ends the process. We send one type of array: this.
    fetch_types: false,
    types: { textArray: { to: TEXT_ARRAY_OID, from: [TEXT_ARRAY_OID], serialize: textArray, parse: String } },
    connection: {
      application_name: 'scalable-coupon-system',
      statement_timeout: timeoutMs,
      lock_timeout: lockTimeoutMs,
      // Plans are made while the tables are empty, and kept: one that reads a whole table would be a time bomb.
      enable_seqscan: 'off',
      idle_in_transaction_session_timeout: READ_TIMEOUT_MS,
      ...settings,
    },
  });
  const giveUpMs = statementTimeoutMs + GRACE_MS;
  const writer = new Client(url, options(connectionsMax, statementTimeoutMs), giveUpMs, onHung);
  const reader = new Client(url, options(connectionsMax, READ_TIMEOUT_MS), giveUpMs, onHung);
  const claimers = Array.from(
    { length: claimLanes },
    () => new OrderedClient(url, options(1, statementTimeoutMs, CLAIM_SETTINGS), giveUpMs, onHung),
  );
  const probe = new Client(url, options(1, HEALTH_TIMEOUT_MS), HEALTH_TIMEOUT_MS, onHung);
  let probing: Promise<boolean> | undefined;

  return {
    query: (run) => writer.query(run),
    read: (run) => reader.query(run),
    claim: (lane, run) => (claimers[lane] as Client).query(run),
    isHealthy() {
      probing ??= probe
        .query((sql) => sql`select from coupons limit 1`)
        .then(
          () => true,
          () => false,
        )
        .finally(() => (probing = undefined));
      return probing;
    },
    async close() {
      await Promise.all([writer, reader, ...claimers, probe].map((client) => client.close()));
    },
  };
}

/** A `text[]` as PostgreSQL reads it. */
function textArray(texts: readonly (string | null)[]): string {
  const elements = texts.map((text) => (text === null ? 'null' : `"${text.replace(/["\\]/g, '\\$&')}"`));
  return `{${elements.join(',')}}`;
}

type ClientOptions = postgres.Options<{ textArray: postgres.PostgresType }>;

/**
 * A postgres.js client that is given up and replaced when the database does not answer: its connections may
 * lead to a machine that is gone, and the operating system takes a quarter of an hour to notice.
 */
class Client {
  readonly #open: () => Sql;
  readonly #timeoutMs: number;
  readonly #onHung: (() => void) | undefined;
  #sql: Sql;
  #isClosed = false;

  constructor(url: string, options: ClientOptions, timeoutMs: number, onHung?: () => void) {
    this.#open = () => postgres(url, options) as Sql;
    this.#timeoutMs = timeoutMs;
    this.#onHung = onHung;
    this.#sql = this.#open();
  }

  query<T>(run: (sql: Sql) => Promise<T>): Promise<T> {
    return this.bound(this.#sql, run(this.#sql));
  }

  protected get sql(): Sql {
    return this.#sql;
  }

  protected async bound<T>(sql: Sql, result: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        if (this.replace(sql)) this.#onHung?.();
        reject(new DatabaseTimeout(`the database did not answer within ${this.#timeoutMs} ms`));
      }, this.#timeoutMs);
    });
    try {
      return await Promise.race([result, timeout]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Goes on with new connections. What is under way on the old ones fails. */
  protected replace(sql: Sql): boolean {
    if (this.#sql !== sql || this.#isClosed) return false;
    this.#sql = this.#open();
    sql.end({ timeout: 0 }).catch(() => {});
    return true;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.#sql.end({ timeout: CLOSE_TIMEOUT_SECONDS });
  }
}

/**
 * A client of one connection, which carries out its queries in the order in which they are given. When nobody knows
 * what became of one, those behind it fail as well.
 */
class OrderedClient extends Client {
  /** Ends with the query before. */
  #before: Promise<unknown> = Promise.resolve();

  override query<T>(run: (sql: Sql) => Promise<T>): Promise<T> {
    const { sql } = this;
    const outcome = this.#after(this.#before, sql, run(sql));
    this.#before = outcome.catch(() => {});
    return outcome;
  }

  /** The time of a query begins when the one before has ended. */
  async #after<T>(before: Promise<unknown>, sql: Sql, result: Promise<T>): Promise<T> {
    // It may fail during the wait; that is told after it.
    result.catch(() => {});
    await before;
    try {
      return await this.bound(sql, result);
    } catch (error) {
      // postgres.js would send what stands behind it on a new connection: ahead of it, when it is run again.
      if (isOutcomeUnknown(error)) this.replace(sql);
      throw error;
    }
  }
}
