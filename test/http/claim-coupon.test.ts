import t from 'tap';
import { startApp } from '../support/app.js';
import { awkwardNames, longestName } from '../support/names.js';

const outOfStock = {
  type: 'urn:problem-type:coupons:out_of_stock',
  title: 'Out of stock',
  code: 'out_of_stock',
  error: 'coupon out of stock',
  detail: 'Every unit of this coupon has been claimed.',
};
const alreadyClaimed = {
  type: 'urn:problem-type:coupons:already_claimed',
  title: 'Already claimed',
  code: 'already_claimed',
  error: 'coupon already claimed by user',
  detail: 'This user already holds the coupon. Nothing was changed.',
};

t.test('200: the user gets the coupon, the stock falls by one, and the body is empty', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  const answer = await app.claim('SUMMER', 'ada');
  t.equal(answer.status, 200);
  t.equal(answer.text, '');
  t.equal(answer.headers.get('content-length'), '0');
  t.strictSame(
    [...(await app.sql`select coupon_name, user_id from claims`)],
    [{ coupon_name: 'SUMMER', user_id: 'ada' }],
  );
  t.equal((await app.getCoupon('SUMMER')).remaining_amount, 4);
});

t.test('200: one user may claim many coupons, and many users one coupon', async (t) => {
  const app = await startApp(t);
  for (const coupon of ['A', 'B', 'C']) await app.createCoupon(coupon, 3);
  for (const coupon of ['A', 'B', 'C'])
    for (const user of ['zoe', 'ada', 'mia']) t.equal((await app.claim(coupon, user)).status, 200);
  for (const coupon of ['A', 'B', 'C'])
    t.strictSame(await app.getCoupon(coupon), {
      name: coupon,
      amount: 3,
      remaining_amount: 0,
      state: 'sold_out',
      claimed_by: ['zoe', 'ada', 'mia'],
    });
});

t.test('claimed_by lists the users in the order of their claims, not of their names', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 100);
  const users = Array.from({ length: 60 }, (_, i) => `user-${(i * 37) % 60}`);
  for (const user of users) await app.claim('SUMMER', user);
  t.strictSame((await app.getCoupon('SUMMER')).claimed_by, users);
});

t.test('200: coupons and users may have any name', async (t) => {
  const app = await startApp(t);
  for (const [i, name] of awkwardNames.entries()) {
    const user = awkwardNames.at(i - 1) ?? '';
    await app.createCoupon(name, 2);
    t.equal((await app.claim(name, user)).status, 200, JSON.stringify({ name, user }));
    t.equal((await app.claim(name, user)).status, 409);
    t.strictSame((await app.getCoupon(name)).claimed_by, [user]);
  }
});

t.test('a user id of 255 emoji is accepted, one of 256 is refused', async (t) => {
  const app = await startApp(t);
  await app.createCoupon(longestName, 2);
  t.equal((await app.claim(longestName, longestName)).status, 200);
  const refused = await app.claim(longestName, `${longestName}🎟`);
  t.equal(refused.status, 400);
  t.equal(refused.json()['error'], 'invalid request: user_id must be at most 255 characters long');
  t.strictSame((await app.getCoupon(longestName)).claimed_by, [longestName]);
});

t.test('400: a sold-out coupon refuses new users, and nothing changes', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 1);
  await app.claim('SUMMER', 'ada');
  for (const user of ['grace', 'grace', 'mia']) {
    const answer = await app.claim('SUMMER', user);
    t.equal(answer.status, 400);
    t.strictSame(answer.json(), outOfStock);
  }
  t.strictSame((await app.getCoupon('SUMMER')).claimed_by, ['ada']);
});

t.test('409: a holder cannot claim the coupon again, and nothing changes', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  await app.claim('SUMMER', 'ada');
  const answer = await app.claim('SUMMER', 'ada');
  t.equal(answer.status, 409);
  t.strictSame(answer.json(), alreadyClaimed);
  const coupon = await app.getCoupon('SUMMER');
  t.strictSame([coupon.remaining_amount, coupon.claimed_by], [4, ['ada']]);
});

t.test('409, not 400: a holder gets the same answer after the coupon sold out', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 2);
  for (const user of ['ada', 'grace']) await app.claim('SUMMER', user);
  for (const user of ['ada', 'grace']) {
    const answer = await app.claim('SUMMER', user);
    t.equal(answer.status, 409);
    t.strictSame(answer.json(), alreadyClaimed);
  }
  t.equal((await app.claim('SUMMER', 'mia')).status, 400);
});

t.test('404: no coupon has this name, and no claim is made', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  for (const name of ['WINTER', 'summer', 'SUMMER ']) {
    const answer = await app.claim(name, 'ada');
    t.equal(answer.status, 404);
    t.strictSame(answer.json(), {
      type: 'urn:problem-type:coupons:coupon_not_found',
      title: 'Coupon not found',
      code: 'coupon_not_found',
      error: 'coupon not found',
      detail: 'No coupon has this name.',
    });
  }
  t.equal((await app.sql`select from claims`).count, 0);
});

t.test('the next claim sees changes that were made in the database by hand', async (t) => {
  const app = await startApp(t);
  const claim = async (user: string) => (await app.claim('HAND', user)).status;
  t.equal(await claim('ada'), 404);
  await app.sql`insert into coupons (name, amount, remaining_amount) values ('HAND', 2, 1)`;
  await app.sql`insert into claims (user_id, coupon_name) values ('grace', 'HAND')`;
  t.equal(await claim('grace'), 409);
  t.equal(await claim('ada'), 200);
  t.equal(await claim('mia'), 400);
  await app.sql`update coupons set amount = 3, remaining_amount = 1`;
  t.equal(await claim('mia'), 200);
  await app.sql`delete from claims where user_id = 'ada'`;
  await app.sql`update coupons set remaining_amount = 1`;
  t.equal(await claim('ada'), 200);
  t.equal(await claim('zoe'), 400);
  await app.sql.unsafe('delete from claims; delete from coupons');
  t.equal(await claim('ada'), 404);
  t.equal((await app.createCoupon('HAND', 1)).status, 201);
  t.equal(await claim('ada'), 200);
});
