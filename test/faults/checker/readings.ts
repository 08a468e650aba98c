import type { LookUpOperation, ReadOperation } from '../history.js';
import type { Facts, Violation } from './facts.js';

/**
 * A reading is one snapshot: its holders are the units taken, and those that hold them in the end, in order.
 */
export function readingsAreSnapshots(facts: Facts): Violation[] {
  return readingsIn(facts).flatMap((read) => {
    const { amount, remaining, claimedBy } = read.reading;
    const sentences: string[] = [];
    if (amount - remaining !== claimedBy.length) {
      sentences.push(`${amount - remaining} units are taken, ${claimedBy.length} users hold them`);
    }
    if (amount !== facts.couponOf(read.coupon)?.amount) sentences.push(`the amount is ${amount}`);
    const holders = facts.holdersOf(read.coupon);
    const wrong = claimedBy.findIndex((user, i) => holders[i] !== user);
    if (wrong >= 0) {
      sentences.push(`holder ${wrong + 1} is ${claimedBy[wrong]}, in the end it is ${holders[wrong]}`);
    }
    return sentences.map((sentence) => ({
      sentence: `a reading of ${read.coupon} is no snapshot: ${sentence}`,
      operations: [read.id],
    }));
  });
}

/** What was acknowledged before a reading began is in it. */
export function readingsAreFresh(facts: Facts): Violation[] {
  const told = facts.claims.filter(({ answer }) => answer?.status === 200);
  const before = (coupon: string, at: number) =>
    told.filter((claim) => claim.coupon === coupon && (claim.endedAt ?? Infinity) < at);
  const stale = readingsIn(facts).flatMap((read) => {
    const seen = new Set(read.reading.claimedBy);
    const missing = before(read.coupon, read.startedAt).filter(({ user }) => !seen.has(user));
    if (missing.length === 0) return [];
    return [
      {
        sentence: `a reading of ${read.coupon} lacks ${missing.length} claims that were told 200 before`,
        operations: [read.id, ...missing.map(({ id }) => id)],
      },
    ];
  });
  const lookUps = facts.history.operations.filter((operation) => operation.kind === 'look_up');
  return [...stale, ...lookUps.flatMap((lookUp) => lookUpViolations(facts, lookUp, before))];
}

function lookUpViolations(
  { rowOf }: Facts,
  { id, coupon, user, answer, startedAt }: LookUpOperation,
  before: (coupon: string, at: number) => { id: number; user: string }[],
): Violation[] {
  if (answer?.status === 200 && !rowOf(coupon, user)) {
    return [{ sentence: `${user} was found to hold ${coupon}, and holds nothing`, operations: [id] }];
  }
  const told = before(coupon, startedAt).find((claim) => claim.user === user);
  if (answer?.code !== 'claim_not_found' || !told) return [];
  return [
    { sentence: `${user} was told 200 for ${coupon}, and was not found then`, operations: [told.id, id] },
  ];
}

/** A coupon that was told 201 is found from then on. */
export function createdCouponsAreFound({ history, creates }: Facts): Violation[] {
  return history.operations.flatMap(({ id, coupon, answer, startedAt }) => {
    if (answer?.code !== 'coupon_not_found') return [];
    const made = creates.find(
      (create) =>
        create.coupon === coupon && create.answer?.status === 201 && (create.endedAt ?? Infinity) < startedAt,
    );
    if (!made) return [];
    return [{ sentence: `${coupon} was told 201, and was not found then`, operations: [made.id, id] }];
  });
}

function readingsIn({ history }: Facts): (ReadOperation & { reading: object })[] {
  return history.operations.filter(
    (operation): operation is ReadOperation & { reading: NonNullable<ReadOperation['reading']> } =>
      operation.kind === 'read' && operation.reading !== undefined,
  );
}
