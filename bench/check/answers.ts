import { type Account, differencesIn } from '../../db/books.js';
import type { LoadResult } from '../load/plan.js';
import type { Traffic } from '../load/traffic.js';
import { type Books, claim } from './books.js';

/** A claim or an answer is wrong. Then no figure counts. */
export class InvariantBroken extends Error {}

/** The answers that a load may get. */
export interface Expected {
  /** Any other status is wrong. */
  statuses: number[];
  /** The code of its refusals. */
  refusal?: 'out_of_stock' | 'already_claimed';
  /** How many claims are answered 200. Absent: any number. */
  claims?: number;
}

/** What a load runs on. */
export interface Target {
  url: string;
  traffic: Traffic;
  /** Null: the server has no database. */
  books: Books | null;
  /** Claims that the coupons had before the load. */
  claimsBefore: number;
}

const SENTENCES_MAX = 10;

/**
 * Checks the answers to a load, and the books against the answers.
 * @throws InvariantBroken with a sentence for everything that is wrong.
 */
export async function checkAnswers(
  where: string,
  expected: Expected,
  { url, traffic, books, claimsBefore }: Target,
  result: LoadResult,
): Promise<void> {
  const wrong = wrongAnswers(expected, result);
  if (books && wrong.length === 0) {
    wrong.push(...(await wrongRefusal(expected, url, traffic)));
    const accounts = await books.accounts(traffic);
    wrong.push(...accounts.flatMap(differencesIn), ...wrongClaims(accounts, traffic, claimsBefore, result));
  }
  if (wrong.length === 0) return;
  const more = wrong.length - SENTENCES_MAX;
  const shown = [...wrong.slice(0, SENTENCES_MAX), ...(more > 0 ? [`and ${more} more`] : [])];
  throw new InvariantBroken([`${where}:`, ...shown].join('\n  '));
}

function wrongAnswers({ statuses, claims }: Expected, result: LoadResult): string[] {
  const wrong = Object.entries(result.statuses)
    .filter(([status]) => !statuses.includes(Number(status)))
    .map(([status, count]) => `${count} answers have status ${status}`);
  if (result.networkErrors > 0) wrong.push(`${result.networkErrors} network errors`);
  if (result.answers === 0) wrong.push('no answer in the measured time');
  const claimed = result.statuses[200] ?? 0;
  if ((claims ?? claimed) !== claimed) wrong.push(`${claimed} claims are answered 200, not ${claims}`);
  return wrong;
}

/**
 * Sends one more claim and checks the code of its refusal: the status of a sold-out coupon is that
 * of an invalid request too.
 */
async function wrongRefusal({ refusal }: Expected, url: string, traffic: Traffic): Promise<string[]> {
  if (!refusal) return [];
  const users = refusal === 'out_of_stock' ? `${traffic.userPrefix}late-` : traffic.userPrefix;
  const { code } = await claim(url, { ...traffic, userPrefix: users });
  return code === refusal ? [] : [`the code of a refusal is ${code}, not ${refusal}`];
}

function wrongClaims(
  accounts: Account[],
  { coupons }: Traffic,
  claimsBefore: number,
  { claimed, statuses, unansweredMax }: LoadResult,
): string[] {
  const wrong: string[] = [];
  if (accounts.length !== coupons) wrong.push(`${accounts.length} coupons exist, not ${coupons}`);
  for (const [i, { name, claims }] of accounts.entries()) {
    const answered = claimed?.[i] ?? 0;
    if (claims < answered) wrong.push(`${name}: ${answered} claims are answered 200, ${claims} exist`);
  }
  const made = accounts.reduce((sum, { claims }) => sum + claims, -claimsBefore);
  // A 200 may answer a read, but not from wrk, which sends claims only.
  const answered = claimed?.reduce((sum, count) => sum + count, 0) ?? statuses[200] ?? 0;
  if (made < answered || made > answered + unansweredMax) {
    wrong.push(
      `${made} claims are made, ${answered} are answered 200, at most ${unansweredMax} are unanswered`,
    );
  }
  return wrong;
}
