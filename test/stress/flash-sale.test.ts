import t from 'tap';
import { countStatuses, startApp } from '../support/app.js';
import { users } from '../support/crowd.js';

for (const [people, stock] of [
  [50, 5],
  [100, 10],
  [200, 20],
  [500, 50],
] as const) {
  t.test(
    `${people} users race for ${stock} coupons: exactly ${stock} claims, each by another user`,
    async (t) => {
      const app = await startApp(t);
      await app.createCoupon('SALE', stock);
      const answers = await Promise.all(users(people).map((user) => app.claim('SALE', user)));
      t.same(countStatuses(answers), { 200: stock, 400: people - stock });
      const coupon = await app.getCoupon('SALE');
      t.equal(coupon.remaining_amount, 0);
      t.equal(new Set(coupon.claimed_by).size, stock);
      const winners = users(people).filter((_, i) => answers[i]?.status === 200);
      t.same([...coupon.claimed_by].sort(), winners.sort());
    },
  );
}

t.test('one user claims the same coupon ten times at once: one claim, nine refusals', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('DIP', 100);
  const answers = await Promise.all(Array.from({ length: 10 }, () => app.claim('DIP', 'ada')));
  t.same(countStatuses(answers), { 200: 1, 409: 9 });
  const coupon = await app.getCoupon('DIP');
  t.equal(coupon.remaining_amount, 99);
  t.same(coupon.claimed_by, ['ada']);
});
