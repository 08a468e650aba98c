import postgres from 'postgres';
import { Overloaded } from '../overloaded.js';

/** The database did not answer in time. It may have carried the query out. */
export class DatabaseTimeout extends Error {}

/** A pooler such as pgbouncer stands between, and the settings do not say so. */
export class PoolerFound extends Error {}

/** SQLSTATEs, or their prefixes, of a database that cannot serve us now. */
const UNAVAILABLE_SQLSTATES = [
  '08', // connection exception
  '25006', // read-only transaction: connected to a standby, or in a failover
  '28', // invalid authorization: a password that is being changed
  '3D000', // invalid catalog name: the database is not there yet
  '40', // transaction rollback: deadlock, serialization failure
  '42P01', // undefined table: the migrations have not been applied yet
  '53', // insufficient resources: disk full, too many connections
  '55P03', // lock not available within the lock timeout
  '57', // operator intervention: statement timeout, shutdown, crash, starting up
  '58', // system error outside of PostgreSQL
  'XX', // internal error, corrupted data
];

/** The codes of postgres.js, of the sockets under it, and of names, if there was no connection. */
const NO_CONNECTION_CODES = [
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT', // no Unix socket
  'EMFILE', // this process has too many open files
  'ENFILE', // this machine has
  'EADDRNOTAVAIL', // all ports for outgoing connections are taken
];

/** The same, and those of a connection that broke. */
const UNAVAILABLE_CODES = new Set([
  ...NO_CONNECTION_CODES,
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
]);

/** Codes of failures before a statement is sent. The SQLSTATEs are those of refused connections. */
const NOT_SENT_CODES = new Set([
  ...NO_CONNECTION_CODES,
  '28000', // invalid authorization
  '28P01', // invalid password
  '3D000', // there is no such database
  '53300', // too many connections
  '57P03', // the server is starting up or shutting down
]);

/** Connection exceptions, and sessions that an administrator or a crash has ended. */
const LOST_NODE_SQLSTATE = /^(08|57P0)/;
/**
 * What a coordinator of Citus says if it got no connection to a node. The reasons are those of libpq, which
 * has others for a connection that broke. In other languages they do not match.
 */
const NO_WAY_TO_NODE =
  /failed with the following error: (connection to server at [^\n]* failed: )?(Connection refused|No route to host|Network is unreachable|could not translate host name|FATAL: {2}the database system is )/;

/** Whether the statement that failed with this error may have been carried out all the same. */
export function isOutcomeUnknown(error: unknown): boolean {
  if (!isDatabaseUnavailable(error) || error instanceof AggregateError) return false;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (NOT_SENT_CODES.has(code)) return false;
  if (!(error instanceof postgres.PostgresError)) return true;
  // A coordinator of Citus lost a node, which may have committed. PostgreSQL alone has no such ERROR.
  if (LOST_NODE_SQLSTATE.test(code)) return !NO_WAY_TO_NODE.test(error.message);
  // An ERROR rolls the statement back. A FATAL ends the connection, perhaps just after the commit.
  return error.severity_local !== 'ERROR' && /^(FATAL|PANIC)$/.test(error.severity);
}

/** Whether this is an error of the database, or of the way to it, that a later try may not meet. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseTimeout) return true;
  if (error instanceof postgres.PostgresError) {
    return UNAVAILABLE_SQLSTATES.some((state) => error.code.startsWith(state));
  }
  // If a name has several addresses, Node.js reports an error for each.
  if (error instanceof AggregateError) return error.errors.some(isDatabaseUnavailable);
  return error instanceof Error && UNAVAILABLE_CODES.has((error as NodeJS.ErrnoException).code ?? '');
}

/** Whether a later try may succeed: the database is away, or too many wait for it. */
export function isTransient(error: unknown): boolean {
  return error instanceof Overloaded || isDatabaseUnavailable(error);
}

/** Whether a table of the statement does not exist. */
export function isTableMissing(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code === '42P01';
}

/** Whether a statement broke this constraint. */
export function breaksConstraint(error: unknown, name: string): boolean {
  if (!(error instanceof postgres.PostgresError)) return false;
  // Citus passes on the message alone, in which the name may have the number of a shard behind it.
  if (error.constraint_name === undefined)
    return error.code.startsWith('23') && error.message.includes(`"${name}`);
  return error.constraint_name === name;
}

/** Whether the node takes no writes: a standby, or a primary that has become one. */
export function isReadOnly(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code === '25006';
}

const BROKEN_CONNECTION_CODES = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'ECONNRESET',
  'EPIPE',
  '57P01', // admin shutdown: also of one session
  '57P02', // crash shutdown
]);

/** Whether an open connection broke. The next one may work at once. */
export function isConnectionBroken(error: unknown): boolean {
  return BROKEN_CONNECTION_CODES.has((error as NodeJS.ErrnoException | undefined)?.code ?? '');
}
