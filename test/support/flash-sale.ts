import type { Test } from 'tap';
import { countStatuses, startApp } from './app.js';
import { assertBooksBalance } from './books.js';
import { claimAll, everyone, users } from './crowd.js';

/** Lets users race for fewer units, and checks that the tables and the answers name the same winners. */
export async function runFlashSale(t: Test, people: number, stock: number): Promise<void> {
  const app = await startApp(t);
  await app.createCoupon('SALE', stock);
  const answered = await claimAll([app], everyone(['SALE'], users(people)));
  t.same(countStatuses(answered), { 200: stock, 400: people - stock });
  const coupon = await app.getCoupon('SALE');
  t.equal(coupon.remaining_amount, 0);
  t.equal(new Set(coupon.claimed_by).size, stock);
  const winners = answered.filter(({ status }) => status === 200).map(({ userId }) => userId);
  t.same([...coupon.claimed_by].sort(), winners.sort());
  await assertBooksBalance(t, app.sql, answered);
}
