import t from 'tap';
import { OutcomeUnknown } from '../../src/claims/lane.js';
import { failureCodeOf, gravestOf } from '../../src/http/failure-code.js';
import { Overloaded } from '../../src/overloaded.js';

t.test('of several failures, the gravest counts', async (t) => {
  const defect = new TypeError('a defect');
  const unknown = new OutcomeUnknown('unknown');
  const lost = Object.assign(new Error('lost'), { code: 'CONNECTION_CLOSED' });
  const full = new Overloaded('full');
  t.same([defect, unknown, lost, full].map(failureCodeOf), [
    'internal_error',
    'outcome_unknown',
    'database_unavailable',
    'overloaded',
  ]);
  t.same(gravestOf([full, lost, unknown, defect, full]), { code: 'internal_error', error: defect });
  t.same(gravestOf([full, lost, unknown]), { code: 'outcome_unknown', error: unknown });
  t.same(gravestOf([full, lost]), { code: 'database_unavailable', error: lost });
  t.same(gravestOf([full]), { code: 'overloaded', error: full });
  t.equal(gravestOf([]), undefined);
});
