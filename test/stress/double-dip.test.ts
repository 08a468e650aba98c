import t from 'tap';
import { countStatuses, startApp } from '../support/app.js';

t.test('double dip: one user sends 10 claims at once, and 1 of them succeeds', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('DIP', 100);
  const answers = await Promise.all(Array.from({ length: 10 }, () => app.claim('DIP', 'ada')));
  t.same(countStatuses(answers), { 200: 1, 409: 9 });
  const coupon = await app.getCoupon('DIP');
  t.equal(coupon.remaining_amount, 99);
  t.same(coupon.claimed_by, ['ada']);
});
