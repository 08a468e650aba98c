import type { History } from '../history.js';
import { answersAreBounded, answersKeepToTheContract, clientsEndWithTheTruth } from './answers.js';
import { auditFindsNothing, booksBalance, booksOnlyGrow, creationsAreKept } from './books.js';
import {
  acknowledgedClaimsAreKept,
  conflictsAreTrue,
  keptClaimsWereTold,
  nobodyClaimsTwice,
  refusalsAreTrue,
} from './claims.js';
import { factsOf, type Rule, type Violation } from './facts.js';
import { firstComeFirstServed } from './order.js';
import { createdCouponsAreFound, readingsAreFresh, readingsAreSnapshots } from './readings.js';

export const rules = {
  acknowledgedClaimsAreKept,
  keptClaimsWereTold,
  nobodyClaimsTwice,
  conflictsAreTrue,
  refusalsAreTrue,
  booksBalance,
  booksOnlyGrow,
  auditFindsNothing,
  creationsAreKept,
  readingsAreSnapshots,
  readingsAreFresh,
  createdCouponsAreFound,
  answersKeepToTheContract,
  answersAreBounded,
  clientsEndWithTheTruth,
  firstComeFirstServed,
} satisfies Record<string, Rule>;

export type RuleName = keyof typeof rules;

export interface NamedViolation extends Violation {
  rule: RuleName;
}

/** Every rule that the history breaks, with what shows it. Empty: all promises were kept. */
export function check(history: History): NamedViolation[] {
  const facts = factsOf(history);
  return (Object.keys(rules) as RuleName[]).flatMap((rule) =>
    rules[rule](facts).map((violation) => ({ rule, ...violation })),
  );
}
