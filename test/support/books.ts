import type { Sql } from 'postgres';
import type { Test } from 'tap';
import { differencesIn, readAccounts } from '../../db/books/accounts.js';
import { audit } from '../../db/books/audit.js';

/** A claim and the status of its answer. */
export interface AnsweredClaim {
  couponName: string;
  userId: string;
  status: number;
}

interface Entry {
  coupon_name: string;
  user_id: string;
}

/** Audits the books, and returns the differences. */
export async function readDifferences(pool: Sql): Promise<string[]> {
  const connection = await pool.reserve();
  try {
    const found = [];
    for (const schema of await schemasIn(connection)) found.push(...(await auditOver(connection, schema)));
    return found;
  } finally {
    connection.release();
  }
}

/** @param sql a client of one connection. */
export async function auditOver(sql: Sql, schema?: string): Promise<string[]> {
  const sentences: string[] = [];
  await audit(sql, {
    schema,
    onDifferences: (differences) => void sentences.push(...differences.map(({ sentence }) => sentence)),
  });
  return sentences;
}

/** The shards, if the connection sees those of all as one. Otherwise the default schema. */
async function schemasIn(sql: Sql): Promise<(string | undefined)[]> {
  const rows = await sql<{ name: string }[]>`
    select nspname as name from pg_namespace
    where nspname like 'shard\\_%\\_of\\_%' and current_schema = 'all_shards' order by name`;
  return rows.length === 0 ? [undefined] : rows.map(({ name }) => name);
}

/**
 * Audits the books. With `answered`, all claims that were sent, each 200 must have a row, and each row a 200.
 */
export async function assertBooksBalance(t: Test, sql: Sql, answered?: AnsweredClaim[]): Promise<void> {
  t.strictSame(await readDifferences(sql), [], 'the books balance');
  if (answered) await assertAnswersAreKept(t, sql, answered);
}

/** Checks the tables alone, which somebody changed by hand: see `assertBooksBalance`. */
export async function assertTablesBalance(t: Test, sql: Sql, answered?: AnsweredClaim[]): Promise<void> {
  t.strictSame((await readAccounts(sql)).flatMap(differencesIn), [], 'the tables balance');
  if (answered) await assertAnswersAreKept(t, sql, answered);
}

/** @param answered all claims that were sent. */
async function assertAnswersAreKept(t: Test, sql: Sql, answered: AnsweredClaim[]): Promise<void> {
  const rows = await sql<Entry[]>`select coupon_name, user_id from claims`;
  const text = (couponName: string, userId: string) => JSON.stringify([couponName, userId]);
  const claimed = answered.filter(({ status }) => status === 200);
  t.strictSame(
    claimed.map(({ couponName, userId }) => text(couponName, userId)).sort(),
    rows.map((row) => text(row.coupon_name, row.user_id)).sort(),
    'each 200 has a row, and each row a 200',
  );
}
