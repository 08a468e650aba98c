import type { History, Operation } from '../history.js';
import type { RuleName } from './check.js';
import { account, claim } from './good-history.js';

/** A change that breaks a promise, and the rules that notice it. */
export const brokenHistories: [title: string, change: (history: History) => void, rules: RuleName[]][] = [
  [
    'a claim that was told 200 is gone',
    (history) => {
      history.claims.splice(2, 1);
      history.operations[7] = claim(7, 'B', 'bob', 10, 20, { answer: { status: 200 } });
    },
    ['acknowledgedClaimsAreKept', 'readingsAreFresh', 'clientsEndWithTheTruth'],
  ],
  [
    'a claim was told 200 for a key that another request has',
    (history) => Object.assign(history.claims[0]!, { key: 'other' }),
    ['acknowledgedClaimsAreKept', 'keptClaimsWereTold'],
  ],
  [
    'a claim that was told "nothing was changed" is there',
    (history) => {
      const answer = { status: 503, code: 'database_unavailable', retryAfterSeconds: 1 };
      history.operations[7] = claim(7, 'B', 'bob', 10, 20, { answer });
    },
    ['keptClaimsWereTold'],
  ],
  [
    'a claim that nobody sent is there',
    (history) => history.claims.push({ coupon: 'B', user: 'eve', number: 9, key: null }),
    ['keptClaimsWereTold'],
  ],
  [
    'a connection that was refused made a claim',
    (history) => {
      history.operations[7] = claim(7, 'B', 'bob', 10, 20, { lost: 'ECONNREFUSED' });
    },
    ['keptClaimsWereTold'],
  ],
  [
    'a user holds a coupon twice',
    (history) => history.claims.push({ coupon: 'B', user: 'bob', number: 8, key: 'made.3' }),
    ['nobodyClaimsTwice'],
  ],
  [
    'two requests made the same claim',
    (history) => {
      history.operations[6] = claim(6, 'A', 'grace', 41, 50, { client: 'again', answer: { status: 200 } });
    },
    ['nobodyClaimsTwice'],
  ],
  [
    'a retry is told 409 for its own claim',
    (history) => {
      const answer = { status: 409, code: 'already_claimed' };
      history.operations[5] = claim(5, 'A', 'ada', 41, 50, { key: 'k-ada', answer });
    },
    ['conflictsAreTrue'],
  ],
  [
    'a request without a key is told 409 for its own claim',
    (history) => {
      history.operations[7] = claim(7, 'B', 'bob', 10, 20, {
        answer: { status: 409, code: 'already_claimed' },
      });
    },
    ['conflictsAreTrue', 'keptClaimsWereTold'],
  ],
  [
    'a user is told 409, and holds nothing',
    (history) => {
      history.operations[4] = claim(4, 'A', 'alan', 31, 40, {
        answer: { status: 409, code: 'already_claimed' },
      });
    },
    ['conflictsAreTrue'],
  ],
  [
    'a user is told "out of stock" while units are left for good',
    (history) => {
      const answer = { status: 400, code: 'out_of_stock' };
      history.operations.push(claim(10, 'B', 'alan', 31, 40, { answer }));
    },
    ['refusalsAreTrue'],
  ],
  [
    'a user is told "out of stock" before the last unit is claimed',
    (history) => {
      history.operations[4] = claim(4, 'A', 'alan', 5, 8, { answer: { status: 400, code: 'out_of_stock' } });
    },
    ['refusalsAreTrue', 'firstComeFirstServed'],
  ],
  [
    'a holder is told "out of stock"',
    (history) => {
      const answer = { status: 400, code: 'out_of_stock' };
      history.operations[6] = claim(6, 'A', 'grace', 41, 50, { client: 'again', answer });
    },
    ['refusalsAreTrue'],
  ],
  [
    'a coupon is oversold for a moment',
    (history) =>
      Object.assign(history.samples[1]!.accounts[0]!, { remaining: -1, claims: 3, users: 3, places: 3 }),
    ['booksBalance', 'booksOnlyGrow'],
  ],
  [
    'a unit is taken, and nobody holds it',
    (history) => Object.assign(history.samples[2]!.accounts[1]!, { remaining: 3 }),
    ['booksBalance'],
  ],
  [
    'the log lacks a claim',
    (history) => history.differences.push('A: claim 1 of ada is in the tables, and not in the log'),
    ['auditFindsNothing'],
  ],
  [
    'a claim that was seen in the books is gone',
    (history) => Object.assign(history.samples[2]!.accounts[1]!, account('B', 5, 5, 0)),
    ['booksOnlyGrow'],
  ],
  ['a coupon that was seen is gone', (history) => history.samples[2]!.accounts.pop(), ['booksOnlyGrow']],
  [
    'the amount of a coupon changes',
    (history) => Object.assign(history.samples[2]!.accounts[1]!, account('B', 6, 5, 1)),
    ['booksOnlyGrow'],
  ],
  [
    'a coupon that was told 201 is gone',
    (history) => {
      const answer = { status: 201 };
      const create = { id: 10, kind: 'create', service: 0, coupon: 'C', amount: 5, answer } as const;
      history.operations.push({ ...create, startedAt: 0, endedAt: 1 });
    },
    ['creationsAreKept'],
  ],
  [
    'a coupon was told 201 twice',
    (history) => history.operations.push({ ...history.operations[1]!, id: 10 }),
    ['creationsAreKept'],
  ],
  [
    'a coupon exists, and its creator was told that it did before',
    (history) => Object.assign(history.operations[1]!, { answer: { status: 409, code: 'coupon_exists' } }),
    ['creationsAreKept'],
  ],
  [
    'a reading shows a holder less than units are taken',
    (history) =>
      Object.assign(history.operations[9]!, { reading: { amount: 2, remaining: 0, claimedBy: ['ada'] } }),
    ['readingsAreSnapshots', 'readingsAreFresh'],
  ],
  [
    'a reading shows the holders in another order',
    (history) => {
      const reading = { amount: 2, remaining: 0, claimedBy: ['grace', 'ada'] };
      Object.assign(history.operations[9]!, { reading });
    },
    ['readingsAreSnapshots'],
  ],
  [
    'a reading is stale',
    (history) =>
      Object.assign(history.operations[9]!, { reading: { amount: 2, remaining: 1, claimedBy: ['ada'] } }),
    ['readingsAreFresh'],
  ],
  [
    'a claim that was told 200 is not found',
    (history) => {
      const answer = { status: 404, code: 'claim_not_found' };
      history.operations.push({
        ...history.operations[8]!,
        id: 10,
        coupon: 'A',
        user: 'ada',
        answer,
      } as Operation);
    },
    ['readingsAreFresh'],
  ],
  [
    'a coupon that was told 201 is not found',
    (history) => {
      const answer = { status: 404, code: 'coupon_not_found' };
      Object.assign(history.operations[9]!, { answer, reading: undefined });
    },
    ['createdCouponsAreFound'],
  ],
  [
    'an answer is a 500',
    (history) => Object.assign(history.operations[8]!, { answer: { status: 500, code: 'internal_error' } }),
    ['answersKeepToTheContract'],
  ],
  [
    'an answer breaks openapi.yaml',
    (history) =>
      Object.assign(history.operations[8]!, { answer: { status: 200, deviations: ['no X-Request-Id'] } }),
    ['answersKeepToTheContract'],
  ],
  [
    'a 503 does not say when to come back',
    (history) =>
      Object.assign(history.operations[8]!, { answer: { status: 503, code: 'database_unavailable' } }),
    ['answersKeepToTheContract'],
  ],
  [
    'an answer takes too long',
    (history) => Object.assign(history.operations[8]!, { endedAt: 2_000 }),
    ['answersAreBounded'],
  ],
  ['a request is never answered', (history) => delete history.operations[8]!.endedAt, ['answersAreBounded']],
  ['a service does not recover', (history) => (history.recoveredAt = undefined), ['clientsEndWithTheTruth']],
  [
    'a client never learns the truth',
    (history) => delete history.ends[4]!.endedAt,
    ['clientsEndWithTheTruth'],
  ],
  [
    'a client learns the truth too late',
    (history) => Object.assign(history.ends[4]!, { endedAt: 1_081 }),
    ['clientsEndWithTheTruth'],
  ],
  ['a client is not on record', (history) => history.ends.pop(), ['clientsEndWithTheTruth']],
  [
    'who came later has the earlier place',
    (history) => {
      Object.assign(history.claims[0]!, { number: 9 });
      Object.assign(history.operations[9]!, {
        reading: { amount: 2, remaining: 0, claimedBy: ['grace', 'ada'] },
      });
    },
    ['firstComeFirstServed'],
  ],
  [
    'who came first over the same connection goes without',
    (history) => {
      for (const [id, place] of [
        [4, 0],
        [3, 1],
      ] as const) {
        const arrival = { connection: 1, place };
        Object.assign(history.operations[id]!, { arrival, startedAt: 21, endedAt: 30 });
      }
    },
    ['firstComeFirstServed'],
  ],
];
