import { OutcomeUnknown } from '../claims/lane.js';
import { isDatabaseUnavailable } from '../database/errors.js';
import { Overloaded } from '../overloaded.js';

const GRAVEST_FIRST = ['internal_error', 'outcome_unknown', 'database_unavailable', 'overloaded'] as const;

type FailureCode = (typeof GRAVEST_FIRST)[number];

export interface Failure {
  code: FailureCode;
  error: unknown;
}

/** The code for an error of our own side: of a handler, or of what it calls. */
export function failureCodeOf(error: unknown): FailureCode {
  if (error instanceof Overloaded) return 'overloaded';
  if (error instanceof OutcomeUnknown) return 'outcome_unknown';
  return isDatabaseUnavailable(error) ? 'database_unavailable' : 'internal_error';
}

/** The gravest of some errors, and its code. Undefined if there are none. */
export function gravestOf(errors: readonly unknown[]): Failure | undefined {
  const codes = errors.map(failureCodeOf);
  const code = GRAVEST_FIRST.find((code) => codes.includes(code));
  return code && { code, error: errors[codes.indexOf(code)] };
}
