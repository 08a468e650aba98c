import t from 'tap';
import { startApp } from '../support/app.js';
import { awkwardNames, longestName } from '../support/names.js';

t.test('201: the coupon exists with its whole stock, and the body is empty', async (t) => {
  const app = await startApp(t);
  const answer = await app.createCoupon('SUMMER', 500);
  t.equal(answer.status, 201);
  t.equal(answer.text, '');
  t.equal(answer.headers.get('content-length'), '0');
  t.equal(answer.headers.get('location'), '/api/coupons/SUMMER');
  t.strictSame(
    [...(await app.sql`select name, amount, remaining_amount from coupons`)],
    [{ name: 'SUMMER', amount: 500, remaining_amount: 500 }],
  );
});

t.test('201: any name is stored unchanged, and the percent-encoded Location leads to it', async (t) => {
  const app = await startApp(t);
  for (const name of awkwardNames) {
    const answer = await app.createCoupon(name, 1);
    const location = answer.headers.get('location') ?? '';
    t.equal(answer.status, 201, `${JSON.stringify(name)} is created`);
    t.match(location, /^\/api\/coupons\/[\w.!~*'()%-]+$/, 'Location is percent-encoded');
    t.equal((await app.request('GET', location)).json()['name'], name, 'Location leads to it');
  }
  const rows = await app.sql<{ name: string }[]>`select name from coupons`;
  t.strictSame(rows.map((row) => row.name).sort(), [...awkwardNames].sort());
});

t.test('201: the smallest and the largest stock are accepted', async (t) => {
  const app = await startApp(t);
  for (const amount of [1, 2_147_483_647]) {
    t.equal((await app.createCoupon(`of ${amount}`, amount)).status, 201);
    const coupon = await app.getCoupon(`of ${amount}`);
    t.strictSame([coupon.amount, coupon.remaining_amount], [amount, amount]);
  }
});

t.test('a name of 255 emoji is accepted, one of 256 is refused', async (t) => {
  const app = await startApp(t);
  t.equal((await app.createCoupon(longestName, 1)).status, 201);
  t.equal((await app.getCoupon(longestName)).name, longestName);
  const refused = await app.createCoupon(`${longestName}🎟`, 1);
  t.equal(refused.status, 400);
  t.equal(refused.json()['error'], 'invalid request: name must be at most 255 characters long');
});

t.test('names that only look the same are different coupons', async (t) => {
  const app = await startApp(t);
  const names = ['cafe', 'Cafe', 'café', 'cafe\u0301', 'cafe ', ' cafe', 'cafe\u200b'];
  for (const name of names) t.equal((await app.createCoupon(name, 1)).status, 201);
  for (const name of names) t.equal((await app.getCoupon(name)).name, name);
});

t.test('409: another coupon has the name, and nothing changes', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  await app.claim('SUMMER', 'ada');
  const before = await app.getCoupon('SUMMER');
  for (const amount of [5, 500]) {
    const answer = await app.createCoupon('SUMMER', amount);
    t.equal(answer.status, 409);
    t.strictSame(answer.json(), {
      type: 'urn:problem-type:coupons:coupon_exists',
      title: 'Coupon exists',
      code: 'coupon_exists',
      error: 'coupon already exists',
      detail: 'A coupon with this name exists. Nothing was changed.',
    });
  }
  t.strictSame(await app.getCoupon('SUMMER'), before);
});

t.test('409: a coupon that was inserted by hand has the name', async (t) => {
  const app = await startApp(t);
  await app.sql`insert into coupons (name, amount, remaining_amount) values ('HAND', 3, 2)`;
  t.equal((await app.createCoupon('HAND', 3)).status, 409);
});

t.test('201: a name is free again after its row was deleted by hand', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  await app.sql`delete from coupons`;
  t.equal((await app.createCoupon('SUMMER', 7)).status, 201);
  t.equal((await app.getCoupon('SUMMER')).amount, 7);
});
