import t from 'tap';
import { countStatuses, startApp } from '../support/app.js';
import { type AnsweredClaim, assertBooksBalance, assertTablesBalance } from '../support/books.js';
import { claimAll, coupons, everyone, users } from '../support/crowd.js';
import { awkwardNames } from '../support/names.js';

t.test('100 users race for the only unit of each of 5 coupons: each coupon gets one holder', async (t) => {
  const app = await startApp(t);
  const names = coupons(5);
  for (const name of names) await app.createCoupon(name, 1);
  const answered = await claimAll([app], everyone(names, users(100)));
  for (const name of names) {
    const ofCoupon = answered.filter(({ couponName }) => couponName === name);
    t.strictSame(countStatuses(ofCoupon), { 200: 1, 400: 99 });
    t.equal((await app.getCoupon(name)).claimed_by.length, 1);
  }
  await assertBooksBalance(t, app.sql, answered);
});

t.test('60 users race for the last unit of a coupon: one of them gets it', async (t) => {
  const app = await startApp(t);
  for (const stock of [2, 10, 50]) {
    const name = `of ${stock}`;
    await app.createCoupon(name, stock);
    await claimAll([app], everyone([name], users(stock - 1)));
    const late = Array.from({ length: 60 }, (_, i): [string, string] => [name, `late-${i}`]);
    const answered = await claimAll([app], late);
    t.strictSame(countStatuses(answered), { 200: 1, 400: 59 });
  }
  await assertBooksBalance(t, app.sql);
});

t.test('50 users claim one coupon six times each at once: each user gets it once', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('STORM', 1000);
  const answered = await claimAll(
    [app],
    Array.from({ length: 6 }, () => everyone(['STORM'], users(50))).flat(),
  );
  t.strictSame(countStatuses(answered), { 200: 50, 409: 250 });
  await assertBooksBalance(t, app.sql, answered);
});

t.test(
  '50 users claim 20 units six times each at once: 20 users get one unit each, and five times 409',
  async (t) => {
    const app = await startApp(t);
    await app.createCoupon('STORM', 20);
    const storm = Array.from({ length: 6 }, () => everyone(['STORM'], users(50))).flat();
    const answered = await claimAll([app], storm);
    t.strictSame(countStatuses(answered), { 200: 20, 400: 180, 409: 100 });
    await assertBooksBalance(t, app.sql, answered);
  },
);

t.test(
  '20 creates of one name at once: one 201 and nineteen 409, and the stock is that of the 201',
  async (t) => {
    const app = await startApp(t);
    for (const name of coupons(10)) {
      const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => app.createCoupon(name, i + 1)));
      t.strictSame(countStatuses(answers), { 201: 1, 409: 19 });
      const amount = answers.findIndex(({ status }) => status === 201) + 1;
      t.match(await app.getCoupon(name), { amount, remaining_amount: amount });
    }
  },
);

t.test('claims get 200 or 404 while their coupon is created, and the books balance', async (t) => {
  const app = await startApp(t);
  const names = coupons(10);
  const answered = await Promise.all(
    names.map(async (name) => {
      const before = claimAll([app], everyone([name], users(10)));
      const created = app.createCoupon(name, 100);
      const after = claimAll([app], everyone([name], users(20).slice(10)));
      t.equal((await created).status, 201);
      return [...(await before), ...(await after)];
    }),
  );
  for (const { status } of answered.flat()) t.ok(status === 200 || status === 404, `${status} is 200 or 404`);
  await assertBooksBalance(t, app.sql, answered.flat());
});

// A long answer is read page by page.
for (const before of [0, 5_000]) {
  t.test(
    `a read during claims returns the stock and the holders of one moment, from ${before} holders on`,
    async (t) => {
      const app = await startApp(t);
      await app.sql`insert into coupons values ('SALE', 1000000, ${1_000_000 - before})`;
      const early = await app.sql<{ userId: string }[]>`
      insert into claims (user_id, coupon_name)
      select 'early-' || number, 'SALE' from generate_series(1, ${before}::int) as number
      returning user_id as "userId"`;
      let reading = true;
      const claimOn = async (worker: string) => {
        const answered: AnsweredClaim[] = [];
        for (let i = 0; reading; i++) answered.push(...(await claimAll([app], [['SALE', `${worker}-${i}`]])));
        return answered;
      };
      const readOn = async () => {
        let seen = '';
        for (let i = 0; i < 25; i++) {
          const coupon = await app.getCoupon('SALE');
          t.equal(coupon.remaining_amount + coupon.claimed_by.length, coupon.amount);
          const holders = coupon.claimed_by.map((user) => `${user},`).join('');
          t.ok(holders.startsWith(seen), 'the order of the holders never changes');
          seen = holders;
        }
        t.ok(seen.includes('user-'), 'there were claims meanwhile');
      };
      const claims = Promise.all(users(10).map(claimOn));
      await Promise.all([readOn(), readOn(), readOn()]);
      reading = false;
      const answered = early.map(({ userId }) => ({ couponName: 'SALE', userId, status: 200 }));
      await assertTablesBalance(t, app.sql, [...answered, ...(await claims).flat()]);
    },
  );
}

t.test('the books balance after claims, creates and reads of 20 coupons at once', async (t) => {
  const app = await startApp(t);
  const names = coupons(20);
  for (const name of names.slice(0, 15)) await app.createCoupon(name, 10);
  const reads = names.map((name) => app.request('GET', `/api/coupons/${name}`));
  const creates = names.map((name) => app.createCoupon(name, 10));
  const answered = await claimAll([app], [...everyone(names, users(8)), ...everyone(names, users(15))]);
  t.strictSame(countStatuses(await Promise.all(creates)), { 201: 5, 409: 15 });
  await Promise.all(reads);
  for (const { couponName, status } of answered)
    t.ok([200, 400, 409].includes(status) || (status === 404 && names.indexOf(couponName) >= 15));
  await assertBooksBalance(t, app.sql, answered);
});

t.test('SQL in a field is only text, also in a batch of many such claims', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('BYSTANDER', 5);
  for (const name of awkwardNames) t.equal((await app.createCoupon(name, 12)).status, 201);
  const answered = await claimAll([app], everyone(awkwardNames, awkwardNames.slice(-12)));
  t.ok(answered.every(({ status }) => status === 200));
  await assertBooksBalance(t, app.sql, answered);
  t.strictSame((await app.getCoupon('BYSTANDER')).remaining_amount, 5);
});
