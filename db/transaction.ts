import type { Sql } from 'postgres';

/**
 * Runs queries in a transaction.
 *
 * We do not use `sql.begin`. If the connection breaks, postgres.js 3.4 writes the rollback to a socket
 * that is gone, and this error ends the process (porsager/postgres#1208).
 * @param sql a client of one connection, which nobody else uses meanwhile.
 * @param begin starts the transaction.
 * @throws what `run` throws, or what postgres.js throws.
 */
export async function transact<T>(sql: Sql, run: (sql: Sql) => Promise<T>, begin = 'begin'): Promise<T> {
  try {
    await sql.unsafe(begin);
    const result = await run(sql);
    await sql.unsafe('commit');
    return result;
  } catch (error) {
    // It fails if the connection broke. Then nothing is left to roll back.
    await sql.unsafe('rollback').catch(() => {});
    throw error;
  }
}
