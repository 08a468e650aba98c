import postgres from 'postgres';

/** Errors as postgres.js reports them. Each is made once: it costs as much as a statement of the model. */
export const ERRORS: Record<string, Error> = Object.fromEntries([
  ...[
    '23514', // check violation
    '25006', // read-only transaction
    '40P01', // deadlock
    '53100', // disk full
    '55P03', // lock timeout
    '57014', // statement timeout
    'XX000', // internal error
  ].map((code) => [code, postgresError(code, 'ERROR')]),
  ...[
    '53300', // too many connections
    '57P03', // starting up
  ].map((code) => [code, postgresError(code, 'FATAL')]),
  ...[
    'CONNECTION_CLOSED',
    'CONNECTION_DESTROYED',
    'CONNECTION_ENDED',
    'CONNECT_TIMEOUT',
    'ECONNREFUSED',
    'ECONNRESET',
  ].map((code) => [code, Object.assign(new Error(code), { code })]),
]);

function postgresError(code: string, severity: string): Error {
  const fields = { code, severity, severity_local: severity, message: code };
  return new (postgres.PostgresError as unknown as new (fields: object) => Error)(fields);
}
