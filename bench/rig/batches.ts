import { randomBytes, randomUUID } from 'node:crypto';
import type { Sql } from 'postgres';
import { claimCoupons } from '../../src/claims/claim-statement.js';
import type { ClaimOutcome, ClaimRequest } from '../../src/claims/outcome.js';

/**
 * Claims these coupons in turn for so many new users, in one statement of the service.
 * @throws Error if an outcome is another one than `expected`, which may be undefined: to be decided again.
 */
export async function claimBatch(
  sql: Sql,
  coupons: readonly string[],
  size: number,
  ...expected: (ClaimOutcome | undefined)[]
): Promise<void> {
  const allowed: unknown[] = expected.length > 0 ? expected : ['claimed'];
  const { outcomes } = await claimCoupons(sql, newRequests(coupons, size));
  const wrong = outcomes.filter((outcome) => !allowed.includes(outcome));
  if (wrong.length > 0) throw new Error(`not as expected: ${JSON.stringify(wrong)}`);
}

/** Claims of so many new users, for these coupons in turn. */
export function newRequests(coupons: readonly string[], size: number): ClaimRequest[] {
  return Array.from({ length: size }, (_, i) => ({
    couponName: coupons[i % coupons.length]!,
    userId: randomBytes(8).toString('hex'),
    key: randomUUID(),
    isKeyGiven: false,
  }));
}
