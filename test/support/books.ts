import type { Sql } from 'postgres';
import type { Test } from 'tap';
import { differencesIn, readAccounts } from '../../db/books.js';

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

/**
 * Checks the rules that hold for the tables at any time (see db/books.ts). With `answered`, which
 * lists all claims that were sent, it also checks that each 200 has a row, and each row a 200.
 */
export async function assertBooksBalance(t: Test, sql: Sql, answered?: AnsweredClaim[]): Promise<void> {
  t.strictSame((await readAccounts(sql)).flatMap(differencesIn), [], 'the books balance');
  if (!answered) return;
  const rows = await sql<Entry[]>`select coupon_name, user_id from claims`;
  const text = (couponName: string, userId: string) => JSON.stringify([couponName, userId]);
  const claimed = answered.filter(({ status }) => status === 200);
  t.strictSame(
    claimed.map(({ couponName, userId }) => text(couponName, userId)).sort(),
    rows.map((row) => text(row.coupon_name, row.user_id)).sort(),
    'each 200 has a row, and each row a 200',
  );
}
