import type { Account } from '../../../db/books/accounts.js';
import type { ClaimOperation, History, Operation } from '../history.js';

/**
 * A history in which every promise is kept: coupon A has two units, which ada and grace claim. alan
 * is refused. The answer to bob's claim of coupon B is lost, and he finds out that he holds it.
 */
export function goodHistory(): History {
  const operations: Operation[] = [
    {
      id: 0,
      kind: 'create',
      service: 0,
      coupon: 'A',
      amount: 2,
      startedAt: 0,
      endedAt: 1,
      answer: { status: 201 },
    },
    {
      id: 1,
      kind: 'create',
      service: 0,
      coupon: 'B',
      amount: 5,
      startedAt: 0,
      endedAt: 1,
      answer: { status: 201 },
    },
    claim(2, 'A', 'ada', 10, 20, { key: 'k-ada', answer: { status: 200 } }),
    claim(3, 'A', 'grace', 21, 30, { answer: { status: 200 } }),
    claim(4, 'A', 'alan', 31, 40, { answer: { status: 400, code: 'out_of_stock' } }),
    claim(5, 'A', 'ada', 41, 50, { key: 'k-ada', answer: { status: 200, isReplayed: true } }),
    claim(6, 'A', 'grace', 41, 50, { client: 'again', answer: { status: 409, code: 'already_claimed' } }),
    claim(7, 'B', 'bob', 10, 20, { lost: 'ECONNRESET' }),
    {
      id: 8,
      kind: 'look_up',
      service: 0,
      coupon: 'B',
      user: 'bob',
      startedAt: 21,
      endedAt: 30,
      answer: { status: 200 },
    },
    {
      id: 9,
      kind: 'read',
      service: 0,
      coupon: 'A',
      startedAt: 60,
      endedAt: 70,
      answer: { status: 200 },
      reading: { amount: 2, remaining: 0, claimedBy: ['ada', 'grace'] },
    },
  ];
  return {
    operations,
    ends: [
      end('ada', 'A', 'ada', 'holds'),
      end('grace', 'A', 'grace', 'holds'),
      end('again', 'A', 'grace', 'holds'),
      end('alan', 'A', 'alan', 'refused'),
      end('bob', 'B', 'bob', 'holds'),
    ],
    samples: [
      { at: 5, accounts: [account('A', 2, 2, 0), account('B', 5, 5, 0)] },
      { at: 25, accounts: [account('A', 2, 1, 1), account('B', 5, 4, 1)] },
      { at: 90, accounts: [account('A', 2, 0, 2), account('B', 5, 4, 1)] },
    ],
    coupons: [
      { name: 'A', amount: 2, remaining: 0 },
      { name: 'B', amount: 5, remaining: 4 },
    ],
    claims: [
      { coupon: 'A', user: 'ada', number: 1, key: 'k-ada' },
      { coupon: 'A', user: 'grace', number: 4, key: 'made.1' },
      { coupon: 'B', user: 'bob', number: 5, key: 'made.2' },
    ],
    differences: [],
    orderedCoupons: ['A'],
    recoveredAt: 80,
    bounds: { answerMs: 1_000, endMs: 1_000 },
  };
}

export function claim(
  id: number,
  coupon: string,
  user: string,
  startedAt: number,
  endedAt: number,
  more: Partial<ClaimOperation>,
): ClaimOperation {
  return { id, kind: 'claim', client: user, service: 0, coupon, user, startedAt, endedAt, ...more };
}

const end = (client: string, coupon: string, user: string, verdict: 'holds' | 'refused') => ({
  client,
  coupon,
  user,
  startedAt: 10,
  endedAt: 50,
  verdict,
});

export const account = (name: string, amount: number, remaining: number, claims: number): Account => ({
  name,
  amount,
  remaining,
  claims,
  users: claims,
  places: claims,
});
