import t from 'tap';
import { countStatuses, startApp } from '../support/app.js';
import { assertBooksBalance } from '../support/books.js';
import { claimAll, coupons, everyone, users } from '../support/crowd.js';

t.test('200 users race through two servers for 40 units of 3 coupons, and the books balance', async (t) => {
  const first = await startApp(t);
  const second = await startApp(t, { beside: first });
  const names = coupons(3);
  for (const name of names) await first.createCoupon(name, 40);
  const claims = everyone(names, users(200));
  // The claim in the middle makes each claim go to the other server the second time.
  const answered = await claimAll([first, second], [...claims, ['nowhere', 'nobody'], ...claims]);
  t.strictSame(countStatuses(answered), { 200: 120, 400: 960, 404: 1, 409: 120 });
  await assertBooksBalance(t, first.sql, answered);
  for (const name of names) t.strictSame(await second.getCoupon(name), await first.getCoupon(name));
});

t.test('a user who claimed through one server gets 409 from the other', async (t) => {
  const first = await startApp(t);
  const second = await startApp(t, { beside: first });
  await first.createCoupon('SALE', 1);
  t.equal((await second.claim('SALE', 'ada')).status, 200);
  t.equal((await first.claim('SALE', 'ada')).status, 409);
  t.equal((await first.claim('SALE', 'grace')).status, 400);
  t.equal((await second.createCoupon('SALE', 1)).status, 409);
});

t.test('20 creates of one name through two servers at once: one 201 and nineteen 409', async (t) => {
  const first = await startApp(t);
  const second = await startApp(t, { beside: first });
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => (i % 2 ? first : second).createCoupon('SALE', 5)),
  );
  t.strictSame(countStatuses(answers), { 201: 1, 409: 19 });
});
