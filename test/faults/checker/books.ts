import { type Account, differencesIn } from '../../../db/books/accounts.js';
import type { Facts, Violation } from './facts.js';

/** At every observed moment, the units that are taken are the claims, and never more than there are. */
export function booksBalance({ history }: Facts): Violation[] {
  const sentences = history.samples.flatMap(({ at, accounts }) =>
    accounts.flatMap(differencesIn).map((difference) => `after ${Math.round(at)} ms, ${difference}`),
  );
  return sentences.map((sentence) => ({ sentence, operations: [] }));
}

/** In the end, the tables and the log agree. */
export function auditFindsNothing({ history }: Facts): Violation[] {
  return history.differences.map((sentence) => ({ sentence, operations: [] }));
}

/** What was once seen in the books stays: the amount is the same, and claims never become fewer. */
export function booksOnlyGrow({ history }: Facts): Violation[] {
  const last = new Map<string, Account>();
  const found: Violation[] = [];
  for (const { at, accounts } of history.samples) {
    const names = new Set(accounts.map(({ name }) => name));
    for (const name of last.keys()) {
      if (!names.has(name)) found.push(lost(at, `${name} is gone`));
    }
    for (const account of accounts) {
      const before = last.get(account.name);
      last.set(account.name, account);
      if (!before) continue;
      if (before.claims > account.claims) {
        found.push(lost(at, `${account.name} has ${account.claims} claims, and had ${before.claims}`));
      }
      if (before.amount !== account.amount) {
        found.push(lost(at, `${account.name} has ${account.amount} units, and had ${before.amount}`));
      }
    }
  }
  return found;
}

const lost = (at: number, what: string) => ({
  sentence: `after ${Math.round(at)} ms, ${what}`,
  operations: [],
});

/** A coupon that was answered 201 is in the database, and one in the database was not refused. */
export function creationsAreKept({ history, creates, couponOf }: Facts): Violation[] {
  const found: Violation[] = [];
  for (const { id, coupon, amount, answer } of creates) {
    const row = couponOf(coupon);
    if (answer?.status === 201 && row?.amount !== amount) {
      found.push({
        sentence: `${coupon} was told 201 with ${amount}, and has ${row?.amount}`,
        operations: [id],
      });
    }
    if (answer?.status === 409 && !row) {
      found.push({ sentence: `${coupon} was told 409, and does not exist`, operations: [id] });
    }
  }
  for (const { name } of history.coupons) {
    const attempts = creates.filter(({ coupon }) => coupon === name);
    const operations = attempts.map(({ id }) => id);
    const made = attempts.filter(({ answer }) => answer?.status === 201);
    if (made.length > 1) found.push({ sentence: `${name} was told 201 ${made.length} times`, operations });
    // A failed write is a 503 whether it was carried out or not: only 400 and 409 say that it was not.
    const isTold = attempts.some(({ answer }) => !answer || [201, 503].includes(answer.status));
    if (!isTold) found.push({ sentence: `${name} exists, and nobody was told so`, operations });
  }
  return found;
}
