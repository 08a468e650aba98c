import t from 'tap';
import { type Call, explain } from './explain.js';
import type { Operation } from './operation.js';
import { claimCoupon } from './operations/claims.js';
import { createCoupon, getCoupon } from './operations/coupons.js';
import { refused, type Seen } from './seen.js';
import { emptyState, type State } from './state.js';

const claim = (user: string) => claimCoupon('a', user, undefined);
const reading = (remaining: number, holders: string[], amount = holders.length + remaining): Seen => ({
  status: 200,
  body: {
    name: 'a',
    amount,
    remaining_amount: remaining,
    state: remaining === 0 ? 'sold_out' : 'open',
    claimed_by: holders,
  },
});
const MADE: Seen = { status: 200 };

let walk = 0;
const call = (operation: Operation, seen: Seen, start: number, end: number): Call => ({
  operation,
  seen,
  start,
  end,
  server: 0,
  walk: ++walk,
});

function withStock(amount: number): State[] {
  const created = call(
    createCoupon('a', { amount }),
    { status: 201, headers: { location: '/api/coupons/a' } },
    0,
    1,
  );
  return explain([emptyState()], [created]);
}
const holdersIn = (states: State[]) =>
  states.map(({ coupons }) => coupons['a']?.claims.map(({ user }) => user));

t.test('one of two claims at the same time gets the last unit: each of them may', (t) => {
  const refusal = refused(400, 'out_of_stock');
  for (const [ada, ben] of [
    [MADE, refusal],
    [refusal, MADE],
  ] as const) {
    const states = explain(withStock(1), [call(claim('ada'), ada, 1, 3), call(claim('ben'), ben, 2, 4)]);
    t.strictSame(holdersIn(states), [[ada === MADE ? 'ada' : 'ben']]);
  }
  t.end();
});

t.test('two claims get the last unit: no order explains that', (t) => {
  const calls = [call(claim('ada'), MADE, 1, 3), call(claim('ben'), MADE, 2, 4)];
  t.strictSame(explain(withStock(1), calls), []);
  t.end();
});

t.test('a refusal needs a moment at which the coupon was sold out', (t) => {
  t.strictSame(explain(withStock(1), [call(claim('ada'), refused(400, 'out_of_stock'), 1, 2)]), []);
  t.end();
});

t.test('a call that began after the end of another one sees what that one did', (t) => {
  const stale = reading(1, []);
  const overlapping = [call(claim('ada'), MADE, 1, 3), call(getCoupon('a'), stale, 2, 4)];
  t.strictSame(holdersIn(explain(withStock(1), overlapping)), [['ada']]);
  const later = [call(claim('ada'), MADE, 1, 2), call(getCoupon('a'), stale, 3, 4)];
  t.strictSame(explain(withStock(1), later), []);
  t.end();
});

t.test('every order that explains the answers is kept, until a reading tells', (t) => {
  const states = explain(withStock(2), [call(claim('ada'), MADE, 1, 3), call(claim('ben'), MADE, 2, 4)]);
  t.strictSame(holdersIn(states).sort(), [
    ['ada', 'ben'],
    ['ben', 'ada'],
  ]);
  const after = explain(states, [call(getCoupon('a'), reading(0, ['ben', 'ada']), 5, 6)]);
  t.strictSame(holdersIn(after), [['ben', 'ada']]);
  t.end();
});
