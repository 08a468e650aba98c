import type { Sql } from 'postgres';
import type { LoadResult } from './tally.js';
import { couponName, type Traffic, userId } from './traffic.js';

/** A claim is wrong, or an answer. Then no figure counts. */
export class BooksWrong extends Error {}

/** What is on record about a coupon. */
export interface Account {
  name: string;
  amount: number;
  remaining: number;
  /** Claims. */
  rows: number;
  /** Different users in them. */
  users: number;
  /** Different places in the order of claims. */
  places: number;
}

/** Where coupons are made and looked up: in the database, or, where that is out of reach, through the API. */
export interface Books {
  createCoupons(traffic: Traffic, amount: number): Promise<void>;
  /** The accounts of the traffic's coupons, in the order of their names. */
  accounts(traffic: Traffic): Promise<Account[]>;
}

export function booksInDatabase(sql: Sql): Books {
  return {
    async createCoupons(traffic, amount) {
      const names = Array.from({ length: traffic.coupons }, (_, i) => couponName(traffic, i));
      await sql`
        insert into coupons (name, amount, remaining_amount)
        select name, ${amount}, ${amount} from unnest(${names}::text[]) as name`;
    },
    async accounts(traffic) {
      return sql<Account[]>`
        select name, amount, remaining_amount as remaining,
          count(user_id)::int as rows,
          count(distinct user_id)::int as users,
          count(distinct claim_number)::int as places
        from coupons
        left join claims on coupon_name = name
        where starts_with(name, ${traffic.couponPrefix})
        group by name, amount, remaining_amount
        order by name`;
    },
  };
}

const REQUESTS_AT_ONCE = 20;
/** Of a complaint. */
const LINES_MAX = 10;

export function booksOverHttp(url: string): Books {
  const forEachCoupon = async (traffic: Traffic, run: (name: string, i: number) => Promise<void>) => {
    let next = 0;
    const work = async () => {
      while (next < traffic.coupons) {
        const i = next++;
        await run(couponName(traffic, i), i);
      }
    };
    await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, work));
  };
  return {
    createCoupons: (traffic, amount) =>
      forEachCoupon(traffic, async (name) => {
        const { status } = await post(`${url}/api/coupons`, { name, amount });
        if (status !== 201) throw new Error(`coupon ${name} could not be created: ${status}`);
      }),
    async accounts(traffic) {
      const accounts: Account[] = [];
      await forEachCoupon(traffic, async (_, i) => {
        const response = await fetch(`${url}/api/coupons/${couponName(traffic, i)}`);
        const coupon = (await response.json()) as Record<'amount' | 'remaining_amount', number> & {
          name: string;
          claimed_by: string[];
        };
        const { name, amount, remaining_amount: remaining, claimed_by } = coupon;
        const rows = claimed_by.length;
        accounts[i] = { name, amount, remaining, rows, users: new Set(claimed_by).size, places: rows };
      });
      return accounts;
    },
  };
}

/** @returns the status, and the code of a problem. */
export async function claim(url: string, traffic: Traffic, coupon: number, user: number) {
  const body = { user_id: userId(traffic, user), coupon_name: couponName(traffic, coupon) };
  return post(`${url}/api/coupons/claim`, body);
}

async function post(url: string, body: unknown): Promise<{ status: number; code: string | undefined }> {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  return {
    status: response.status,
    code: response.ok ? undefined : (JSON.parse(text) as { code?: string }).code,
  };
}

/**
 * Holds the accounts against the answers.
 * @param rowsBefore claims that the coupons had before the load.
 * @throws BooksWrong telling all that is wrong.
 */
export function checkBooks(
  traffic: Traffic,
  accounts: Account[],
  result: LoadResult,
  rowsBefore: number,
): void {
  const wrong: string[] = [];
  if (accounts.length !== traffic.coupons)
    wrong.push(`${accounts.length} coupons instead of ${traffic.coupons}`);
  for (const { name, amount, remaining, rows, users, places } of accounts) {
    if (amount - remaining !== rows) wrong.push(`${name}: ${amount - remaining} units taken, ${rows} claims`);
    if (remaining < 0) wrong.push(`${name}: ${remaining} units left`);
    if (users !== rows) wrong.push(`${name}: ${rows} claims by ${users} users`);
    if (places !== rows) wrong.push(`${name}: ${rows} claims in ${places} places`);
  }
  if (rowsBefore === 0 && result.claimed) {
    for (const [i, answered] of result.claimed.entries()) {
      const rows = accounts[i]?.rows ?? 0;
      if (rows < answered) wrong.push(`${accounts[i]?.name}: ${answered} answers 200, ${rows} claims`);
    }
  }
  const made = accounts.reduce((sum, account) => sum + account.rows, 0) - rowsBefore;
  // With reads among the answers, only the claims count, which are then known by coupon.
  const answered = result.claimed?.reduce((sum, count) => sum + count, 0) ?? result.statuses[200] ?? 0;
  if (made < answered || made > answered + result.unansweredMax) {
    wrong.push(`${made} claims made, ${answered} answered 200, at most ${result.unansweredMax} unanswered`);
  }
  if (wrong.length > LINES_MAX)
    wrong.splice(LINES_MAX - 1, wrong.length, `and ${wrong.length - LINES_MAX + 1} more`);
  if (wrong.length > 0) throw new BooksWrong(wrong.join('\n'));
}
