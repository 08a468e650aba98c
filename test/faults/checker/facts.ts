import type { ClaimOperation, ClaimRow, CouponRow, CreateOperation, History } from '../history.js';

/** A rule that a history breaks. */
export interface Violation {
  /** What happened, in a sentence. */
  sentence: string;
  /** The numbers of the operations that show it. */
  operations: number[];
}

export type Rule = (facts: Facts) => Violation[];

/** A history, with ways to look things up in it. */
export interface Facts {
  history: History;
  /** Every claim that was sent. */
  claims: ClaimOperation[];
  creates: CreateOperation[];
  /** The coupon, as it is in the end. */
  couponOf(name: string): CouponRow | undefined;
  /** The user's claim, as it is in the end. */
  rowOf(coupon: string, user: string): ClaimRow | undefined;
  /** The holders in the end, in the order of their claims. */
  holdersOf(coupon: string): readonly string[];
  /** What was sent for this coupon and user. */
  attemptsOf(coupon: string, user: string): readonly ClaimOperation[];
}

export function factsOf(history: History): Facts {
  const claims = history.operations.filter((operation) => operation.kind === 'claim');
  const creates = history.operations.filter((operation) => operation.kind === 'create');
  const coupons = new Map(history.coupons.map((row) => [row.name, row]));
  const rows = new Map(history.claims.map((row) => [pair(row.coupon, row.user), row]));
  const attempts = groupBy(claims, ({ coupon, user }) => pair(coupon, user));
  const inOrder = groupBy(
    [...history.claims].sort((a, b) => a.number - b.number),
    ({ coupon }) => coupon,
  );
  const holders = new Map([...inOrder].map(([coupon, rows]) => [coupon, rows.map(({ user }) => user)]));
  return {
    history,
    claims,
    creates,
    couponOf: (name) => coupons.get(name),
    rowOf: (coupon, user) => rows.get(pair(coupon, user)),
    holdersOf: (coupon) => holders.get(coupon) ?? [],
    attemptsOf: (coupon, user) => attempts.get(pair(coupon, user)) ?? [],
  };
}

/**
 * Whether nobody can know what became of a request: its answer was lost, or says that it is unknown. A
 * connection that was refused carried no request.
 */
export function isOpen({ answer, lost }: { answer?: { code?: string }; lost?: string }): boolean {
  return answer ? answer.code === 'outcome_unknown' : lost !== 'ECONNREFUSED';
}

/** Whether the attempt may have made this row: its key is in the row, or neither has a key of the client. */
export function mayHaveMade(attempt: ClaimOperation, row: ClaimRow, attempts: readonly ClaimOperation[]) {
  if (attempt.key !== undefined) return attempt.key === row.key;
  return !attempts.some(({ key }) => key !== undefined && key === row.key);
}

const pair = (coupon: string, user: string) => JSON.stringify([coupon, user]);

export function groupBy<T>(list: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of list) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
