import postgres, { type Sql } from 'postgres';
import type { Test } from 'tap';
import { CLAIM_SETTINGS, claimCoupons as decideBatch } from '../../src/claims/claim-statement.js';
import type { ClaimOutcome, ClaimRequest } from '../../src/claims/outcome.js';
import { createDatabase, UNDIVIDED } from './database.js';

let keys = 0;
/** A claim with a key of its own, or with the given one of the client. */
export const request = (couponName: string, userId: string, key?: string): ClaimRequest => ({
  couponName,
  userId,
  key: key ?? `key-${++keys}`,
  isKeyGiven: key !== undefined,
});

export const claimCoupons = async (sql: Sql, requests: ClaimRequest[]) =>
  (await decideBatch(sql, requests)).outcomes;

/** Runs undecided requests again until all are decided, as a lane does. */
export async function decideAll(sql: Sql, requests: ClaimRequest[]): Promise<ClaimOutcome[]> {
  const decisions = await claimCoupons(sql, requests);
  const undecided = requests.filter((_, i) => decisions[i] === undefined);
  const later = undecided.length > 0 ? await decideAll(sql, undecided) : [];
  return decisions.map((decision) => decision ?? (later.shift() as ClaimOutcome));
}

/** A database, and connections like those of lanes. */
export async function setUp(test: Test) {
  const { sql, url, createCoupon } = await createDatabase(test, { shape: UNDIVIDED });
  /** Opens a connection like that of a lane. */
  const connect = () => {
    const connection = postgres(url, { max: 1, onnotice: () => {}, connection: CLAIM_SETTINGS });
    test.teardown(() => connection.end({ timeout: 1 }));
    return connection;
  };
  const stockOf = async (name: string) => {
    const [row] = await sql<{ remaining_amount: number; made: number }[]>`
      select remaining_amount, (select count(*)::int from claims where coupon_name = name) as made
      from coupons where name = ${name}`;
    return row;
  };
  return { sql, connect, createCoupon, stockOf };
}
