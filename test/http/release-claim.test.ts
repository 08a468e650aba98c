import t from 'tap';
import { type Answer, problemIn, startApp, type TestApp } from '../support/app.js';
import { assertBooksBalance } from '../support/books.js';

const release = (app: TestApp, user: string): Promise<Answer> =>
  app.request('DELETE', `/api/coupons/SUMMER/claims/${user}`);

t.test('204: the unit is back in stock, and the next user gets it', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 1);
  await app.claim('SUMMER', 'ada');
  t.match(problemIn(await app.claim('SUMMER', 'grace')), { code: 'out_of_stock' });
  const answer = await release(app, 'ada');
  t.equal(answer.status, 204);
  t.equal(answer.text, '');
  t.match(await app.getCoupon('SUMMER'), { remaining_amount: 1, claimed_by: [] });
  t.equal((await app.claim('SUMMER', 'grace')).status, 200);
  await assertBooksBalance(t, app.sql);
});

t.test('404 claim_not_found: nothing is released, and nothing twice', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 2);
  t.match(problemIn(await release(app, 'ada')), { code: 'claim_not_found' });
  await app.claim('SUMMER', 'ada');
  const answers = await Promise.all([release(app, 'ada'), release(app, 'ada'), release(app, 'ada')]);
  t.same(answers.map(({ status }) => status).sort(), [204, 404, 404]);
  t.match(await app.getCoupon('SUMMER'), { remaining_amount: 2 });
});

t.test(
  '409 claim_released: a late retry does not claim again, and its user may, with a new key',
  async (t) => {
    const app = await startApp(t);
    await app.createCoupon('SUMMER', 2);
    const claim = (key?: string) => app.claim('SUMMER', 'ada', key ? { 'Idempotency-Key': key } : {});
    t.equal((await claim('first')).status, 200);
    await release(app, 'ada');
    const retry = await claim('first');
    t.equal(retry.status, 409);
    t.match(problemIn(retry), { code: 'claim_released', error: 'coupon claim was released' });
    t.match(await app.getCoupon('SUMMER'), { claimed_by: [] });
    t.equal((await claim('second')).status, 200);
    t.equal((await claim('second')).headers.get('idempotent-replayed'), 'true');
    t.match(
      problemIn(await claim('first')),
      { code: 'claim_released' },
      'also while the user holds another claim',
    );
    t.match(problemIn(await claim()), { code: 'already_claimed' });
    await release(app, 'ada');
    t.equal((await claim()).status, 200, 'without a key');
    await assertBooksBalance(t, app.sql);
  },
);

t.test('the same key of another user, or for another coupon, is not affected', async (t) => {
  const app = await startApp(t);
  for (const name of ['SUMMER', 'AUTUMN']) await app.createCoupon(name, 2);
  const key = { 'Idempotency-Key': 'k' };
  await app.claim('SUMMER', 'ada', key);
  await release(app, 'ada');
  t.equal((await app.claim('SUMMER', 'grace', key)).status, 200);
  t.equal((await app.claim('AUTUMN', 'ada', key)).status, 200);
});

t.test('a release is logged', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 2);
  await app.claim('SUMMER', 'ada');
  const [claim] = await app.sql`select claim_number from claims`;
  await release(app, 'ada');
  t.match(await app.sql`select * from events order by id desc limit 1`, [
    {
      type: 'claim.released',
      coupon_names: ['SUMMER'],
      user_ids: ['ada'],
      claim_numbers: [claim?.['claim_number']],
    },
  ]);
});

t.test('a claim that was inserted by hand, and took no unit, can be released', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 2);
  for (let i = 0; i < 2; i++) {
    await app.sql`insert into claims (user_id, coupon_name, claim_number) values ('ada', 'SUMMER', 7)`;
    t.equal((await release(app, 'ada')).status, 204);
  }
  t.match(await app.getCoupon('SUMMER'), { remaining_amount: 2, claimed_by: [] });
});
