import type { Sql } from 'postgres';

/** The schemas that a connection has from its start. PostgreSQL has a word for them. */
export const DEFAULT_SCHEMA = 'default';

/** The schema that each connection has in its search path now. */
const schemas = new WeakMap<Sql, string>();

/**
 * Makes a query run in a schema. A connection keeps the schema of its last query: only a change costs a round
 * trip. The query is sent after the answer, because it must not run in another schema.
 * @param schema undefined: the connection has one schema for ever.
 * @param isPooled whether the query runs in a transaction, which must leave no setting behind.
 */
export function inSchema<T>(
  schema: string | undefined,
  isPooled: boolean,
  run: (sql: Sql) => Promise<T>,
): (sql: Sql) => Promise<T> {
  if (schema === undefined) return run;
  if (isPooled) {
    return async (sql) => {
      await sql.unsafe(`set local search_path = ${schema}`);
      return run(sql);
    };
  }
  return async (sql) => {
    if (schemas.get(sql) !== schema) {
      // Until the answer, it may be the one or the other.
      schemas.delete(sql);
      await sql.unsafe(`set search_path = ${schema}`);
      schemas.set(sql, schema);
    }
    return run(sql);
  };
}
