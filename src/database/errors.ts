import postgres from 'postgres';

/** The database did not answer in time. Whether it carried the request out is not known. */
export class DatabaseTimeout extends Error {}

/** SQLSTATEs, or their first two characters, that mean: the database cannot serve us now. */
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

/** What postgres.js and the sockets under it say when there is no connection. */
const UNAVAILABLE_CODES = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT', // no Unix socket
]);

/**
 * Codes that are given before a statement is sent, so that it was not carried out.
 * Of SQLSTATEs, those with which the server refuses a connection.
 */
const NOT_SENT_CODES = new Set([
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  '28000', // invalid authorization
  '28P01', // invalid password
  '3D000', // there is no such database
  '53300', // too many connections
  '57P03', // the server is starting up or shutting down
]);

/** May the statement that failed with this error have been carried out all the same? */
export function isOutcomeUnknown(error: unknown): boolean {
  if (!isDatabaseUnavailable(error) || error instanceof AggregateError) return false;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (NOT_SENT_CODES.has(code)) return false;
  if (!(error instanceof postgres.PostgresError)) return true;
  // An ERROR has rolled the statement back. A FATAL ended the connection, perhaps just after the commit.
  return error.severity_local !== 'ERROR' && /^(FATAL|PANIC)$/.test(error.severity);
}

/** Is this an error of the database or of the way to it, which a later try may not meet? */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseTimeout) return true;
  if (error instanceof postgres.PostgresError) {
    return UNAVAILABLE_SQLSTATES.some((state) => error.code.startsWith(state));
  }
  // With several addresses for one name, Node.js reports what happened with each.
  if (error instanceof AggregateError) return error.errors.some(isDatabaseUnavailable);
  return error instanceof Error && UNAVAILABLE_CODES.has((error as NodeJS.ErrnoException).code ?? '');
}
