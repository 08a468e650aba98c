import type { RedisClientType } from '@redis/client';
import type { Sql } from 'postgres';
import { type Account, readAccounts } from '../../db/books/accounts.js';
import { couponName, type Traffic } from '../load/traffic.js';
import { couponKey, holdersKey } from './claim-script.js';
import { countClaims, createCoupons } from './coupons.js';
import { clear } from './database.js';

/** Where a server keeps its coupons and claims: to prepare them, and to check them behind its back. */
export interface Books {
  /** The process that keeps them. Absent: it runs elsewhere. */
  pid?: number | undefined;
  /** Creates the coupons of the traffic, with `amount` units each. */
  createCoupons(traffic: Traffic, amount: number): Promise<void>;
  /** Counts the claims of the traffic's coupons. */
  countClaims(traffic: Traffic): Promise<number>;
  /** Reads the accounts of the traffic's coupons, ordered by name. */
  readAccounts(traffic: Traffic): Promise<Account[]>;
  /** Waits until the server is idle, and deletes everything. */
  clear(): Promise<void>;
}

/** The tables of the service. */
export function postgresBooks(sql: Sql, pid?: number): Books {
  return {
    pid,
    createCoupons: (traffic, amount) => createCoupons(sql, traffic, amount),
    countClaims: (traffic) => countClaims(sql, traffic),
    readAccounts: ({ couponPrefix }) => readAccounts(sql, couponPrefix),
    clear: () => clear(sql),
  };
}

/** The hashes of the script in claim-script.ts. */
export function redisBooks(client: RedisClientType, pid: number): Books {
  const each = <T>({ coupons }: Traffic, read: (i: number) => Promise<T>) =>
    Promise.all(Array.from({ length: coupons }, (_, i) => read(i)));
  return {
    pid,
    async createCoupons(traffic, amount) {
      await each(traffic, (i) =>
        client.hSet(couponKey(couponName(traffic, i)), { amount, remaining: amount, claims: 0 }),
      );
    },
    async countClaims(traffic) {
      const counts = await each(traffic, (i) => client.hLen(holdersKey(couponName(traffic, i))));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    readAccounts: (traffic) =>
      each(traffic, async (i) => {
        const name = couponName(traffic, i);
        const { amount, remaining } = await client.hGetAll(couponKey(name));
        const claims = await client.hVals(holdersKey(name));
        const places = new Set(claims.map((claim) => claim.split(' ', 1)[0])).size;
        // The holders are the fields of a hash: none of them stands there twice.
        const users = claims.length;
        return { name, amount: Number(amount), remaining: Number(remaining), claims: users, users, places };
      }),
    async clear() {
      await client.flushAll();
    },
  };
}
