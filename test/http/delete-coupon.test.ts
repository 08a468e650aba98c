import t from 'tap';
import { skipOpenTransactions as skip } from '../support/all-shards.js';
import { type Answer, problemIn, startApp, type TestApp } from '../support/app.js';
import { lockAwaited } from '../support/locks.js';

const remove = (app: TestApp, name: string): Promise<Answer> => app.request('DELETE', `/api/coupons/${name}`);

t.test('204: a coupon that was never claimed is gone, and its name is free', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  const answer = await remove(app, 'SUMMER');
  t.equal(answer.status, 204);
  t.equal(answer.text, '');
  t.equal((await app.request('GET', '/api/coupons/SUMMER')).status, 404);
  t.match(await app.sql`select type, coupon_names from events order by id desc limit 1`, [
    { type: 'coupon.deleted', coupon_names: ['SUMMER'] },
  ]);
  t.equal((await app.createCoupon('SUMMER', 7)).status, 201);
});

t.test('a body has no meaning, whatever it is', async (t) => {
  const app = await startApp(t);
  for (const raw of ['', '{', '{"force":true}']) {
    await app.createCoupon('SUMMER', 5);
    const headers = { 'Content-Type': 'application/json' };
    t.equal((await app.request('DELETE', '/api/coupons/SUMMER', { raw, headers })).status, 204);
  }
});

t.test('404 coupon_not_found', async (t) => {
  const app = await startApp(t);
  t.match(problemIn(await remove(app, 'NONE')), { code: 'coupon_not_found' });
});

t.test('409 coupon_has_claims: a coupon that was claimed stays, also after the release', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  await app.claim('SUMMER', 'ada');
  t.match(problemIn(await remove(app, 'SUMMER')), { code: 'coupon_has_claims' });
  await app.request('DELETE', '/api/coupons/SUMMER/claims/ada');
  const answer = await remove(app, 'SUMMER');
  t.equal(answer.status, 409);
  t.match(problemIn(answer), { code: 'coupon_has_claims' });
  t.match(await app.getCoupon('SUMMER'), { remaining_amount: 5 });
});

t.test('a claim that commits while the deletion waits keeps the coupon', { skip }, async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  const other = await app.sql.reserve();
  await other`begin`;
  await other`update coupons set remaining_amount = 4`;
  await other`insert into claims (user_id, coupon_name) values ('ada', 'SUMMER')`;
  const answer = remove(app, 'SUMMER');
  await lockAwaited(app.sql);
  await other`commit`;
  other.release();
  t.match(problemIn(await answer), { code: 'coupon_has_claims' });
  t.match(await app.getCoupon('SUMMER'), { claimed_by: ['ada'] });
});

t.test('a claim that is made and released while the deletion waits keeps the coupon', { skip }, async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  const other = await app.sql.reserve();
  await other`begin`;
  await other`update coupons set releases = 1`;
  await other`
    insert into released_claims (coupon_name, user_id, claim_number, idempotency_key, claimed_at)
    values ('SUMMER', 'ada', 1, 'key', now())`;
  const answer = remove(app, 'SUMMER');
  await lockAwaited(app.sql);
  await other`commit`;
  other.release();
  t.match(problemIn(await answer), { code: 'coupon_has_claims' });
  t.match(await app.getCoupon('SUMMER'), { remaining_amount: 5 });
});

t.test('a claim that waits for a deletion finds no coupon', { skip }, async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  const other = await app.sql.reserve();
  await other`begin`;
  await other`delete from coupons`;
  const claim = app.claim('SUMMER', 'ada');
  await lockAwaited(app.sql);
  await other`commit`;
  other.release();
  t.match(problemIn(await claim), { code: 'coupon_not_found' });
});
