import type { ClaimOperation } from '../history.js';
import { type Facts, groupBy, isOpen, mayHaveMade, type Violation } from './facts.js';

/** A claim that was answered 200 is in the database, under the key that it carried. */
export function acknowledgedClaimsAreKept({ claims, rowOf }: Facts): Violation[] {
  return claims.flatMap((claim) => {
    if (claim.answer?.status !== 200) return [];
    const row = rowOf(claim.coupon, claim.user);
    if (!row) return violation(claim, 'was told 200, and holds nothing');
    if (claim.key === undefined || claim.key === row.key) return [];
    return violation(claim, `was told 200 for the key ${claim.key}, and the claim has the key ${row.key}`);
  });
}

/** A claim in the database was answered 200, or its answer was lost, or unknown. */
export function keptClaimsWereTold({ history, attemptsOf }: Facts): Violation[] {
  return history.claims.flatMap((row) => {
    const attempts = attemptsOf(row.coupon, row.user);
    const makers = attempts.filter((attempt) => mayHaveMade(attempt, row, attempts));
    if (makers.some((attempt) => attempt.answer?.status === 200 || isOpen(attempt))) return [];
    const told = makers.map(({ answer, lost }) => answer?.code ?? lost).join(', ') || 'nobody asked for it';
    return [
      {
        sentence: `${row.user} holds ${row.coupon}, and was never told so: ${told}`,
        operations: attempts.map(({ id }) => id),
      },
    ];
  });
}

/** Nobody holds a coupon twice, and only one request is told that it made the claim. */
export function nobodyClaimsTwice({ history, claims }: Facts): Violation[] {
  const rows = groupBy(history.claims, ({ coupon, user }) => `${user} holds ${coupon}`);
  const made = groupBy(
    claims.filter(({ answer }) => answer?.status === 200 && !answer.isReplayed),
    ({ coupon, user }) => `${user} claimed ${coupon}`,
  );
  return [
    ...[...rows]
      .filter(([, { length }]) => length > 1)
      .map(([who, group]) => ({
        sentence: `${who} ${group.length} times`,
        operations: [],
      })),
    ...[...made]
      .filter(([, { length }]) => length > 1)
      .map(([who, group]) => ({
        sentence: `${who} ${group.length} times, each time for the first time`,
        operations: group.map(({ id }) => id),
      })),
  ];
}

/** A user who is told 409 holds the coupon, and another request made that claim. */
export function conflictsAreTrue({ claims, rowOf, attemptsOf }: Facts): Violation[] {
  return claims.flatMap((claim) => {
    if (claim.answer?.code !== 'already_claimed') return [];
    const row = rowOf(claim.coupon, claim.user);
    if (!row) return violation(claim, 'was told 409, and holds nothing');
    const attempts = attemptsOf(claim.coupon, claim.user);
    const isMadeByAnother = attempts.some(
      (other) =>
        other !== claim &&
        other.startedAt < (claim.endedAt ?? Infinity) &&
        (claim.key === undefined || other.key !== claim.key) &&
        mayHaveMade(other, row, attempts),
    );
    return isMadeByAnother ? [] : violation(claim, 'was told 409 for a claim of its own');
  });
}

/** "Out of stock" is told when all units are claimed, and then for good, and never to a holder. */
export function refusalsAreTrue({ history, claims, couponOf, rowOf, attemptsOf }: Facts): Violation[] {
  const rows = groupBy(history.claims, ({ coupon }) => coupon);
  return claims.flatMap((claim) => {
    if (claim.answer?.code !== 'out_of_stock') return [];
    const left = couponOf(claim.coupon)?.remaining ?? 0;
    if (left > 0) return violation(claim, `was told "out of stock", and ${left} are left for good`);
    if (rowOf(claim.coupon, claim.user)) return violation(claim, 'was told "out of stock", and holds one');
    const later = rows.get(claim.coupon)?.find((row) => {
      const attempts = attemptsOf(row.coupon, row.user);
      return (
        attempts.length > 0 && attempts.every(({ startedAt }) => startedAt > (claim.endedAt ?? Infinity))
      );
    });
    return later ? violation(claim, `was told "out of stock", and later ${later.user} got one`) : [];
  });
}

function violation(claim: ClaimOperation, sentence: string): Violation[] {
  return [{ sentence: `${claim.user} ${sentence} (${claim.coupon})`, operations: [claim.id] }];
}
