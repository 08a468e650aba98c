import { OutcomeUnknown } from '../claims/lane.js';
import { isDatabaseUnavailable } from '../database/errors.js';
import { Overloaded } from '../overloaded.js';

/** The code for an error of our own side: of a handler, or of what it calls. */
export function failureCodeOf(
  error: unknown,
): 'overloaded' | 'outcome_unknown' | 'database_unavailable' | 'internal_error' {
  if (error instanceof Overloaded) return 'overloaded';
  if (error instanceof OutcomeUnknown) return 'outcome_unknown';
  return isDatabaseUnavailable(error) ? 'database_unavailable' : 'internal_error';
}
