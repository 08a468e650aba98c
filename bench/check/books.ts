import type { Sql } from 'postgres';
import { type Account, readAccounts } from '../../db/books.js';
import { couponName, couponNames, type Traffic, userId } from '../load/traffic.js';

/**
 * Creates coupons and reads their accounts: in the database, or through the API if that is all we
 * have.
 */
export interface Books {
  createCoupons(traffic: Traffic, amount: number): Promise<void>;
  /** The accounts of the traffic's coupons, ordered by name. */
  accounts(traffic: Traffic): Promise<Account[]>;
}

export function booksInDatabase(sql: Sql): Books {
  return {
    async createCoupons(traffic, amount) {
      await sql`
        insert into coupons (name, amount, remaining_amount)
        select name, ${amount}, ${amount} from unnest(${couponNames(traffic)}::text[]) as name`;
    },
    accounts: ({ couponPrefix }) => readAccounts(sql, couponPrefix),
  };
}

const REQUESTS_AT_ONCE = 20;

export function booksOverHttp(url: string): Books {
  const forEachCoupon = async <T>(traffic: Traffic, run: (name: string) => Promise<T>) => {
    const names = couponNames(traffic);
    const results: T[] = [];
    while (names.length > 0) {
      results.push(...(await Promise.all(names.splice(0, REQUESTS_AT_ONCE).map(run))));
    }
    return results;
  };
  return {
    async createCoupons(traffic, amount) {
      await forEachCoupon(traffic, async (name) => {
        const { status } = await post(`${url}/api/coupons`, { name, amount });
        if (status !== 201) throw new Error(`coupon ${name} could not be created: ${status}`);
      });
    },
    accounts: (traffic) =>
      forEachCoupon(traffic, async (name) => {
        const response = await fetch(`${url}/api/coupons/${name}`);
        if (!response.ok) throw new Error(`coupon ${name} could not be read: ${response.status}`);
        const coupon = (await response.json()) as CouponBody;
        const { amount, remaining_amount: remaining, claimed_by: users } = coupon;
        // The API shows no places: a list has its order.
        const [claims, places] = [users.length, users.length];
        return { name, amount, remaining, claims, users: new Set(users).size, places };
      }),
  };
}

interface CouponBody {
  amount: number;
  remaining_amount: number;
  claimed_by: string[];
}

/** Claims the first coupon for the first user. */
export async function claim(url: string, traffic: Traffic) {
  const body = { user_id: userId(traffic, 0), coupon_name: couponName(traffic, 0) };
  return post(`${url}/api/coupons/claim`, body);
}

/** @returns the status, and the code of a problem. */
async function post(url: string, body: unknown): Promise<{ status: number; code: string | undefined }> {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, code: response.ok ? undefined : JSON.parse(text).code };
}
