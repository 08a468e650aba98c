import t from 'tap';
import { problemIn, startApp } from '../support/app.js';

const path = (coupon: string, user: string) =>
  `/api/coupons/${encodeURIComponent(coupon)}/claims/${encodeURIComponent(user)}`;

t.test('200: the answer has the user, the coupon, the time and the position of the claim', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('A', 10);
  await app.createCoupon('B/ü 🎉', 10);
  const before = Date.now();
  for (const user of ['ada', 'grace', 'alan/türing']) {
    await app.claim('A', user);
    await app.claim('B/ü 🎉', user);
  }
  for (const coupon of ['A', 'B/ü 🎉']) {
    for (const [i, user] of ['ada', 'grace', 'alan/türing'].entries()) {
      const answer = await app.request('GET', path(coupon, user));
      t.equal(answer.status, 200);
      const claim = answer.json();
      t.match(claim, { user_id: user, coupon_name: coupon, position: i + 1 });
      const claimedAt = Date.parse(String(claim['claimed_at']));
      t.ok(claimedAt >= before - 1_000 && claimedAt <= Date.now() + 1_000);
    }
  }
});

t.test('the position counts the claims that exist now', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('A', 10);
  await app.claim('A', 'ada');
  await app.claim('A', 'grace');
  await app.sql`delete from claims where user_id = 'ada'`;
  await app.sql`insert into claims (user_id, coupon_name) values ('by hand', 'A')`;
  t.match((await app.request('GET', path('A', 'grace'))).json(), { position: 1 });
  t.match((await app.request('GET', path('A', 'by hand'))).json(), { position: 2 });
});

t.test('404: the claim, the coupon or the name does not exist', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('A', 10);
  await app.claim('A', 'ada');
  for (const [coupon, user] of [
    ['A', 'grace'],
    ['B', 'ada'],
    ['A', 'x'.repeat(300)],
    ['A', '\0'],
    [' ', 'ada'],
  ] as const) {
    const answer = await app.request('GET', path(coupon, user));
    t.equal(answer.status, 404);
    t.equal(problemIn(answer).code, 'claim_not_found');
  }
});
