import t from 'tap';
import { countStatuses, problemIn, startApp } from '../support/app.js';

const key = (value: string) => ({ 'Idempotency-Key': value });

t.test(
  '200: a repeated claim with the same key is marked as replayed, also after the coupon sold out',
  async (t) => {
    const app = await startApp(t);
    await app.createCoupon('A', 1);
    const first = await app.claim('A', 'ada', key('k-1'));
    t.equal(first.status, 200);
    t.equal(first.headers.get('idempotent-replayed'), null);
    t.equal((await app.claim('A', 'grace', key('k-2'))).status, 400);
    for (const server of [app, await startApp(t, { beside: app })]) {
      const again = await server.claim('A', 'ada', key('k-1'));
      t.equal(again.status, 200);
      t.equal(again.headers.get('idempotent-replayed'), 'true');
      t.equal(again.text, '');
    }
    t.same((await app.getCoupon('A')).claimed_by, ['ada']);
  },
);

t.test('409: a holder claims again with another key, or with none', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('A', 10);
  await app.claim('A', 'ada', key('k-1'));
  await app.claim('A', 'grace');
  t.equal((await app.claim('A', 'ada', key('k-2'))).status, 409);
  t.equal((await app.claim('A', 'ada')).status, 409);
  t.equal((await app.claim('A', 'grace', key('k-1'))).status, 409);
});

t.test('409: no request replays a claim that was inserted by hand, because it has no key', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('A', 10);
  await app.sql`insert into claims (user_id, coupon_name) values ('ada', 'A')`;
  t.equal((await app.claim('A', 'ada', key('null'))).status, 409);
});

t.test('200: claims of other users, or for other coupons, may have the same key', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('A', 10);
  await app.createCoupon('B', 10);
  for (const [coupon, user] of [
    ['A', 'ada'],
    ['B', 'ada'],
    ['A', 'grace'],
  ] as const) {
    const answer = await app.claim(coupon, user, key('same'));
    t.equal(answer.status, 200);
    t.equal(answer.headers.get('idempotent-replayed'), null);
  }
});

t.test('ten requests with one key at once: ten times 200, one claim, nine replays', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('A', 10);
  const answers = await Promise.all(Array.from({ length: 10 }, () => app.claim('A', 'ada', key('k'))));
  t.same(countStatuses(answers), { 200: 10 });
  t.equal(answers.filter(({ headers }) => headers.has('idempotent-replayed')).length, 9);
  t.equal((await app.getCoupon('A')).remaining_amount, 9);
});

t.test('400: a key must be 1 to 255 visible ASCII characters, and nothing is claimed', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('A', 10);
  for (const value of ['', 'a b', 'é', 'x'.repeat(256)]) {
    const answer = await app.claim('A', 'ada', key(value));
    t.equal(answer.status, 400, JSON.stringify(value.slice(0, 10)));
    t.match(problemIn(answer), {
      code: 'invalid_request',
      error: 'invalid request: idempotency-key must be 1 to 255 visible ASCII characters',
    });
  }
  t.equal((await app.getCoupon('A')).remaining_amount, 10);
  t.equal((await app.claim('A', 'ada', key('!~'.padEnd(255, 'x')))).status, 200);
});
