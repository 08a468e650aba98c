import type { ClaimOperation } from '../history.js';
import type { Facts, Violation } from './facts.js';

/**
 * First come, first served: of two claims of a coupon, the one that arrived first gets the earlier place,
 * and never leaves empty-handed while the other one gets a unit. One has arrived before the other if it
 * was sent ahead of it over the same connection, or was answered before the other one was sent.
 */
export function firstComeFirstServed({ history, claims, rowOf }: Facts): Violation[] {
  const found: Violation[] = [];
  for (const coupon of history.orderedCoupons) {
    // A user who claims again has arrived before.
    const own = claims.filter(
      (claim, i) =>
        claim.coupon === coupon &&
        claims.findIndex(({ coupon, user }) => coupon === claim.coupon && user === claim.user) === i,
    );
    for (const first of own) {
      for (const second of own) {
        if (!isAhead(first, second)) continue;
        const [firstRow, secondRow] = [rowOf(coupon, first.user), rowOf(coupon, second.user)];
        if (!secondRow || (firstRow && firstRow.number < secondRow.number)) continue;
        if (!firstRow && first.answer?.code !== 'out_of_stock') continue;
        found.push({
          sentence: `${first.user} came before ${second.user}, and ${firstRow ? 'is behind' : 'got none'} (${coupon})`,
          operations: [first.id, second.id],
        });
      }
    }
  }
  return found;
}

function isAhead(first: ClaimOperation, second: ClaimOperation): boolean {
  if (first.arrival && first.arrival.connection === second.arrival?.connection) {
    return first.arrival.place < second.arrival.place;
  }
  return (first.endedAt ?? Infinity) < second.startedAt;
}
