import t from 'tap';
import { operationsOf, readContract } from '../../src/contract.js';
import { requestWarnings } from '../support/app.js';
import { assertBooksBalance } from '../support/books.js';
import { findFailure } from './find.js';
import { describeCounts, describeFound } from './report.js';
import { startServers } from './servers.js';

/** The short form of `npm run test:model`. */

const RUNS = 1_200;
const TOGETHER = 8;
const TAGS = ['coupons', 'claims', 'events'];

/** Of each operation, what it can be answered when the request is valid. */
const ANSWERS: Record<string, string[]> = {
  createCoupon: ['201', '400 invalid_request', '409 coupon_exists'],
  changeCoupon: ['200', '400 invalid_request', '404 coupon_not_found', '409 stock_already_claimed'],
  deleteCoupon: ['204', '404 coupon_not_found', '409 coupon_has_claims'],
  getCoupon: ['200', '404 coupon_not_found'],
  listCoupons: ['200'],
  claimCoupon: [
    '200',
    '200 replayed',
    '400 out_of_stock',
    '400 sale_not_started',
    '400 sale_ended',
    '404 coupon_not_found',
    '409 already_claimed',
    '409 claim_released',
  ],
  claimCoupons: ['200'],
  releaseClaim: ['204', '404 claim_not_found'],
  getClaim: ['200', '404 claim_not_found'],
  listClaims: ['200', '404 coupon_not_found'],
  listUserClaims: ['200'],
  listEvents: ['200'],
};

t.test('every operation on coupons, claims and events is in the histories', async (t) => {
  const operations = operationsOf(readContract())
    .filter(({ operation }) => operation.tags?.some((tag) => TAGS.includes(tag)))
    .map(({ operation }) => String(operation.operationId));
  t.strictSame(operations.sort(), Object.keys(ANSWERS).sort());
});

t.test(
  `${RUNS} histories on two servers are those of the model, and so are the log and the tables`,
  async (t) => {
    const servers = await startServers(t);
    const seed = Math.floor(Math.random() * 2 ** 31);
    const { histories, found } = await findFailure(servers, { runs: RUNS, seed, together: TOGETHER });
    t.comment(`seed ${seed}\n${describeCounts(servers.counts)}`);
    if (found) return t.fail(describeFound(found));
    t.ok(histories >= RUNS);
    const answers = Object.entries(ANSWERS).flatMap(([id, all]) => all.map((answer) => `${id} ${answer}`));
    t.strictSame(Object.keys(servers.counts).sort(), answers.sort(), 'every answer occurs');
    t.strictSame(servers.apps.flatMap(requestWarnings), [], 'nothing is a warning to an operator');
    // Of all histories together.
    await assertBooksBalance(t, servers.sql);
  },
);
