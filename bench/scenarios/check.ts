import { createClient } from '../../clients/typescript/src/index.js';
import { type Account, differencesIn } from '../../db/books/accounts.js';
import type { LoadResult } from '../load/plan.js';
import { couponName, type Traffic, userId } from '../load/traffic.js';
import type { Server } from '../rig/servers.js';

/** The answers that a load may get. */
export interface Expected {
  /** Any other status is wrong. */
  statuses: number[];
  /** The code of its refusals. */
  refusal?: 'out_of_stock' | 'already_claimed';
  /** How many claims are answered 200. Absent: any number. */
  claims?: number;
}

const SENTENCES_MAX = 10;

/**
 * Checks the answers to a load, and the books against the answers.
 * @param where names the load.
 * @param claimsBefore the coupons had this many claims before the load.
 * @throws Error with a sentence for everything that is wrong. Then no figure counts.
 */
export async function checkAnswers(
  where: string,
  expected: Expected,
  { url, books }: Server,
  traffic: Traffic,
  claimsBefore: number,
  result: LoadResult,
): Promise<void> {
  const wrong = wrongAnswers(expected, result);
  if (books && wrong.length === 0) {
    wrong.push(...(await wrongRefusal(expected, url, traffic)));
    const accounts = await books.readAccounts(traffic);
    wrong.push(...accounts.flatMap(differencesIn), ...wrongClaims(accounts, traffic, claimsBefore, result));
  }
  if (wrong.length === 0) return;
  const more = wrong.splice(SENTENCES_MAX).length;
  if (more > 0) wrong.push(`and ${more} more`);
  const error = new Error([where, ...wrong, 'There are no figures, since none counts now.'].join('\n  '));
  error.name = 'WRONG';
  throw error;
}

function wrongAnswers({ statuses, claims }: Expected, result: LoadResult): string[] {
  const wrong = Object.entries(result.statuses)
    .filter(([status, count]) => count > 0 && !statuses.includes(Number(status)))
    .map(([status, count]) => `${count} answers have status ${status}`);
  if (result.networkErrors > 0) wrong.push(`${result.networkErrors} network errors`);
  if (result.figures.answers === 0) wrong.push('no answer in the measured time');
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
  const code = await claim(url, { ...traffic, userPrefix: users });
  return code === refusal ? [] : [`the code of a refusal is ${code}, not ${refusal}`];
}

/**
 * Claims the first coupon for the first user.
 * @returns the code of the problem. Undefined: the claim is accepted.
 */
export async function claim(url: string, traffic: Traffic): Promise<string | undefined> {
  const result = await createClient({ baseUrl: url }).claim(couponName(traffic, 0), userId(traffic, 0));
  return result.ok ? undefined : result.code;
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
    wrong.push(`${made} claims are made, ${answered} answered 200, at most ${unansweredMax} unanswered`);
  }
  return wrong;
}
