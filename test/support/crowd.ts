import type { Client } from './app.js';
import type { AnsweredClaim } from './books.js';

/** Names of users: user-0, user-1, … */
export const users = (count: number) => Array.from({ length: count }, (_, i) => `user-${i}`);
export const coupons = (count: number) => Array.from({ length: count }, (_, i) => `coupon-${i}`);

/** Sends all claims at once, to the clients in turn. */
export function claimAll(
  clients: Client[],
  claims: [couponName: string, userId: string][],
): Promise<AnsweredClaim[]> {
  return Promise.all(
    claims.map(async ([couponName, userId], i) => {
      const client = clients[i % clients.length] as Client;
      return { couponName, userId, status: (await client.claim(couponName, userId)).status };
    }),
  );
}

/** Lists a claim of every user for every coupon. Neighbours in the list name different coupons. */
export const everyone = (names: string[], people: string[]) =>
  people.flatMap((user) => names.map((name): [string, string] => [name, user]));
