import type postgres from 'postgres';
import type { Sql } from 'postgres';
import { transact } from '../../db/transaction.js';
import { TEXT_ARRAY_OID, textArray } from './text-array.js';

export type ClientOptions = postgres.Options<{ textArray: postgres.PostgresType }>;

/** Session settings of PostgreSQL. */
export type SessionSettings = Record<string, string | number>;

/** Runs a query so that the session settings hold for it. */
export type Transport = <T>(sql: Sql, run: (sql: Sql) => Promise<T>) => Promise<T>;

const CONNECT_TIMEOUT_SECONDS = 5;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000;

export interface Limits {
  statementTimeoutMs: number;
  lockTimeoutMs: number;
}

/** The session settings of every connection. */
export function sessionSettings(
  { statementTimeoutMs, lockTimeoutMs }: Limits,
  settings: SessionSettings,
): SessionSettings {
  return {
    statement_timeout: statementTimeoutMs,
    lock_timeout: lockTimeoutMs,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    // Plans are made while the tables are empty, and kept. A plan that scans a whole table would
    // cost more with every claim.
    enable_seqscan: 'off',
    ...settings,
  };
}

/**
 * The options of a postgres.js client.
 * @param isPooled whether a pooler stands between. It refuses session settings at the start of a
 *   connection, and loses prepared statements between transactions.
 */
export function clientOptions(settings: SessionSettings, isPooled: boolean): ClientOptions {
  return {
    prepare: !isPooled,
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    // Otherwise a connection would close within an hour, and fail the query that waits behind another.
    max_lifetime: null,
    onnotice: () => {},
    // Otherwise postgres.js asks each new connection for the types of arrays. If the connection
    // breaks before the answer, nobody handles that rejection, and it ends the process.
    fetch_types: false,
    types: {
      textArray: { to: TEXT_ARRAY_OID, from: [TEXT_ARRAY_OID], serialize: textArray, parse: String },
    },
    connection: {
      application_name: 'scalable-coupon-system',
      // In other zones, PostgreSQL writes offsets with seconds for old times. JavaScript cannot read them.
      TimeZone: 'UTC',
      ...(isPooled ? {} : settings),
    } as NonNullable<ClientOptions['connection']>,
  };
}

/** Connections of our own have the settings from their start. */
export const direct: Transport = (sql, run) => run(sql);

/** Behind a pooler, the settings travel with each transaction. Transactions follow each other. */
export function pooled(settings: SessionSettings): Transport {
  const begin = beginWith(settings);
  let previous: Promise<unknown> = Promise.resolve();
  return (sql, run) => {
    const result = previous.then(() => transact(sql, run, begin));
    previous = result.catch(() => {});
    return result;
  };
}

/** The statements that start a transaction in which the settings hold. */
export function beginWith(settings: SessionSettings, begin = 'begin'): string {
  const set = Object.entries(settings).map(([name, value]) => `set local ${name} = '${value}'`);
  return [begin, ...set].join('; ');
}
