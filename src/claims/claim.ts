import { randomUUID } from 'node:crypto';
import type { Database } from '../database.js';
import { decideClaims } from './claim-statement.js';
import type { ClaimOutcome } from './outcome.js';

/** How often a claim may stay undecided: each time, another claim for the same coupon was committed meanwhile. */
const RUNS_MAX = 100;

/** Claims a coupon for a user. */
export async function claim(database: Database, couponName: string, userId: string): Promise<ClaimOutcome> {
  const request = { couponName, userId, key: randomUUID() };
  for (let run = 0; run < RUNS_MAX; run++) {
    const [decision] = await database.query((sql) => decideClaims(sql, [request]));
    if (decision && decision !== 'undecided') return decision;
  }
  throw new Error(`a claim stayed undecided ${RUNS_MAX} times`);
}
