import t from 'tap';
import { sendAndLeave } from '../support/abandoned.js';
import { problemIn, startApp } from '../support/app.js';
import { assertBooksBalance } from '../support/books.js';
import { users } from '../support/crowd.js';
import { UNDIVIDED } from '../support/database.js';
import { lockAwaited, lockCoupon } from '../support/locks.js';

t.test(
  '503 overloaded: claims beyond CLAIMS_WAITING_MAX are rejected at once, and leave nothing behind',
  async (t) => {
    const settings = { CLAIMS_WAITING_MAX: '4', CLAIM_LANES: '1' };
    const app = await startApp(t, { settings, shape: UNDIVIDED });
    await app.createCoupon('A', 100);
    const release = await lockCoupon(t, app.sql, 'A');
    const running = app.claim('A', 'running');
    await lockAwaited(app.sql);
    let refused = 0;
    const answers = await Promise.all(
      users(20).map(async (user) => {
        const answer = app.claim('A', user);
        // The waiting claims may run once the others are rejected.
        answer.then(({ status }) => {
          if (status === 503 && ++refused === 16) void release();
        });
        return answer;
      }),
    );
    t.equal((await running).status, 200);
    const rejected = answers.filter(({ status }) => status === 503);
    t.equal(rejected.length, 16);
    for (const answer of rejected) {
      t.equal(problemIn(answer).code, 'overloaded');
      t.match(answer.headers.get('retry-after'), /^[1-5]$/);
    }
    t.equal((await app.getCoupon('A')).claimed_by.length, 5);
    await assertBooksBalance(t, app.sql);
  },
);

t.test('503 overloaded: the body of a refused claim is not read', async (t) => {
  const app = await startApp(t, { settings: { CLAIMS_WAITING_MAX: '1', CLAIM_LANES: '1' } });
  await app.createCoupon('A', 100);
  const release = await lockCoupon(t, app.sql, 'A');
  const running = app.claim('A', 'running');
  await lockAwaited(app.sql);
  const waiting = app.claim('A', 'waiting');
  await app.request('GET', '/health');
  const sendInvalid = () =>
    app.request('POST', '/api/coupons/claim', { raw: '{', headers: { 'Content-Type': 'application/json' } });
  t.equal(problemIn(await sendInvalid()).code, 'overloaded');
  await release();
  t.equal((await running).status, 200);
  t.equal((await waiting).status, 200);
  t.equal(problemIn(await sendInvalid()).code, 'invalid_body');
});

t.test('503 overloaded: a claim that waited for CLAIM_WAIT_TIMEOUT_MS is rejected', async (t) => {
  const app = await startApp(t, { settings: { CLAIM_WAIT_TIMEOUT_MS: '200', CLAIM_LANES: '1' } });
  await app.createCoupon('A', 100);
  const release = await lockCoupon(t, app.sql, 'A');
  const running = app.claim('A', 'running');
  await lockAwaited(app.sql);
  const late = await app.claim('A', 'late');
  t.equal(late.status, 503);
  t.equal(problemIn(late).code, 'overloaded');
  await release();
  t.equal((await running).status, 200);
  t.same((await app.getCoupon('A')).claimed_by, ['running']);
});

t.test(
  '503 database_unavailable: a claim waits for a lock for LOCK_TIMEOUT_MS, and others succeed',
  async (t) => {
    const app = await startApp(t, { settings: { LOCK_TIMEOUT_MS: '200', CLAIM_LANES: '1' } });
    await app.createCoupon('A', 100);
    await app.createCoupon('B', 100);
    const release = await lockCoupon(t, app.sql, 'A');
    const refused = await app.claim('A', 'ada');
    t.equal(refused.status, 503);
    t.equal(problemIn(refused).code, 'database_unavailable');
    t.equal((await app.claim('B', 'ada')).status, 200, 'the lane continues');
    await release();
    t.equal((await app.claim('A', 'ada')).status, 200, 'the refused claim left nothing behind');
  },
);

t.test('a claim is dropped if its caller disconnects before its batch starts', async (t) => {
  const app = await startApp(t, { settings: { CLAIM_LANES: '1' } });
  await app.createCoupon('A', 100);
  const release = await lockCoupon(t, app.sql, 'A');
  const running = app.claim('A', 'running');
  await lockAwaited(app.sql);
  await sendAndLeave(app, '/api/coupons/claim', { user_id: 'gone', coupon_name: 'A' });
  await release();
  t.equal((await running).status, 200);
  t.equal((await app.claim('A', 'after')).status, 200);
  t.same((await app.getCoupon('A')).claimed_by, ['running', 'after']);
});
