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
  return auditOver(connection).finally(() => connection.release());
}

/** @param sql a client of one connection. */
export async function auditOver(sql: Sql): Promise<string[]> {
  const sentences: string[] = [];
  await audit(sql, {
    onDifferences: (differences) => void sentences.push(...differences.map(({ sentence }) => sentence)),
  });
  return sentences;
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
