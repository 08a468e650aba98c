import type postgres from 'postgres';
import { TEXT_ARRAY_OID, textArray } from './text-array.js';

export type ClientOptions = postgres.Options<{ textArray: postgres.PostgresType }>;

/** Session settings of PostgreSQL. */
export type SessionSettings = Record<string, string>;

export const CONNECT_TIMEOUT_SECONDS = 5;
const BACKOFF_MIN_SECONDS = 0.1;
const BACKOFF_MAX_SECONDS = 2;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000;

export interface Limits {
  connectionsMax: number;
  statementTimeoutMs: number;
  lockTimeoutMs: number;
}

/** The options of a postgres.js client. */
export function clientOptions(
  { connectionsMax, statementTimeoutMs, lockTimeoutMs }: Limits,
  settings: SessionSettings = {},
): ClientOptions {
  return {
    max: connectionsMax,
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    backoff: (retries: number) => Math.min(BACKOFF_MIN_SECONDS * 2 ** retries, BACKOFF_MAX_SECONDS),
    onnotice: () => {},
    // Otherwise postgres.js asks each new connection for the types of arrays. If the connection
    // breaks before the answer, nobody handles that rejection, and it ends the process.
    fetch_types: false,
    types: {
      textArray: { to: TEXT_ARRAY_OID, from: [TEXT_ARRAY_OID], serialize: textArray, parse: String },
    },
    connection: {
      application_name: 'scalable-coupon-system',
      statement_timeout: statementTimeoutMs,
      lock_timeout: lockTimeoutMs,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
      // Plans are made while the tables are empty, and kept. A plan that scans a whole table would
      // cost more with every claim.
      enable_seqscan: 'off',
      ...settings,
    },
  };
}
