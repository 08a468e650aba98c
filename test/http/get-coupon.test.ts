import { once } from 'node:events';
import { get } from 'node:http';
import t from 'tap';
import { type Answer, startApp } from '../support/app.js';
import { awkwardNames } from '../support/names.js';

const notFound = {
  type: 'urn:problem-type:coupons:coupon_not_found',
  title: 'Coupon not found',
  code: 'coupon_not_found',
  error: 'coupon not found',
  detail: 'No coupon has this name.',
};

t.test('200: the answer has the coupon and its holders, in the order of their claims', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  for (const user of ['zoe', 'ada', 'mia']) await app.claim('SUMMER', user);
  const answer = await app.request('GET', '/api/coupons/SUMMER');
  t.equal(answer.status, 200);
  t.match(answer.headers.get('content-type'), /^application\/json\b/);
  t.equal(
    answer.text,
    '{"name":"SUMMER","amount":5,"remaining_amount":2,"state":"open","claimed_by":["zoe","ada","mia"]}',
  );
});

t.test('200: a coupon without holders has an empty list', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  t.strictSame(await app.getCoupon('SUMMER'), {
    name: 'SUMMER',
    amount: 5,
    remaining_amount: 5,
    state: 'open',
    claimed_by: [],
  });
});

t.test('200: with claimed_by=false, the answer has no holders', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  for (const user of ['zoe', 'ada', 'mia']) await app.claim('SUMMER', user);
  const read = async (query: string) => (await app.request('GET', `/api/coupons/SUMMER${query}`)).text;
  t.equal(
    await read('?claimed_by=false'),
    '{"name":"SUMMER","amount":5,"remaining_amount":2,"state":"open"}',
  );
  t.equal(await read('?claimed_by=true'), await read(''));
  t.match(JSON.parse(await read('')), { claimed_by: ['zoe', 'ada', 'mia'] });
  for (const name of ['WINTER', '%00']) {
    const answer = await app.request('GET', `/api/coupons/${name}?claimed_by=false`);
    t.strictSame(answer.json(), notFound);
  }
  const answer = await app.request('GET', '/api/coupons/SUMMER?claimed_by=no');
  t.equal(answer.json()['error'], 'invalid request: claimed_by must be a boolean');
});

t.test('200: the names of coupons and holders are returned unchanged', async (t) => {
  const app = await startApp(t);
  for (const name of awkwardNames) {
    await app.sql`insert into coupons values (${name}, 1000, ${1000 - awkwardNames.length})`;
    for (const user of awkwardNames)
      await app.sql`insert into claims (user_id, coupon_name) values (${user}, ${name})`;
    t.strictSame(await app.getCoupon(name), {
      name,
      amount: 1000,
      remaining_amount: 1000 - awkwardNames.length,
      state: 'open',
      claimed_by: awkwardNames,
    });
  }
});

for (const count of [1_999, 2_000, 2_001, 4_000, 10_001]) {
  t.test(`200: the answer lists all ${count} holders of a coupon, in order`, async (t) => {
    const app = await startApp(t);
    await app.sql`insert into coupons values ('HUGE', 20000, ${20_000 - count}), ('OTHER', 20000, 0)`;
    const users = await app.sql<{ user_id: string }[]>`
      insert into claims (user_id, coupon_name)
      select md5(number::text), 'HUGE' from generate_series(1, ${count}::int) as number order by number
      returning user_id`;
    await app.sql`insert into claims (user_id, coupon_name) select user_id, 'OTHER' from claims`;
    t.strictSame(await app.getCoupon('HUGE'), {
      name: 'HUGE',
      amount: 20_000,
      remaining_amount: 20_000 - count,
      state: 'open',
      claimed_by: users.map((row) => row.user_id),
    });
  });
}

t.test('200: all readers get a long answer, also if they are more than there are connections', async (t) => {
  const app = await startApp(t);
  await app.sql`insert into coupons values ('HUGE', 20000, 15000)`;
  await app.sql`
    insert into claims (user_id, coupon_name) select number, 'HUGE' from generate_series(1, 5000) as number`;
  const coupons = await Promise.all(Array.from({ length: 30 }, () => app.getCoupon('HUGE')));
  t.ok(coupons.every((coupon) => coupon.claimed_by.length === 5000));
});

t.test('readers that disconnect during a long answer free its database connection', async (t) => {
  const app = await startApp(t);
  await app.sql`insert into coupons values ('HUGE', 200000, 150000)`;
  await app.sql`
    insert into claims (user_id, coupon_name)
    select repeat('x', 200) || number, 'HUGE' from generate_series(1, 50000) as number`;
  for (let reader = 0; reader < 30; reader++) {
    // An aborted fetch may leave its connection open.
    const request = get(`${app.url}/api/coupons/HUGE`);
    const [response] = await once(request, 'response');
    t.equal(response.statusCode, 200, 'a connection was free for this reader');
    if (reader % 2) await once(response, 'readable');
    request.destroy();
  }
  t.equal((await app.getCoupon('HUGE')).claimed_by.length, 50_000);
});

t.test('404: no coupon has this name', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  const names: [string, string][] = [
    ['an unknown name', 'WINTER'],
    ['another case', 'summer'],
    ['a blank name', '%20%C2%A0'],
    ['U+0000', '%00'],
    ['U+0000 within a name', 'SUM%00MER'],
    ['a name with U+0000 behind it', 'SUMMER%00'],
    ['256 emoji', encodeURIComponent('🎟'.repeat(256))],
    ['300 characters', 'x'.repeat(300)],
    ['5,000 characters', 'x'.repeat(5_000)],
    ['15,000 characters', 'x'.repeat(15_000)],
  ];
  for (const [title, encoded] of names) {
    const answer: Answer = await app.request('GET', `/api/coupons/${encoded}`);
    t.equal(answer.status, 404, title);
    t.strictSame(answer.json(), notFound, title);
  }
});

t.test('the next read sees changes that were made in the database by hand', async (t) => {
  const app = await startApp(t);
  const read = async () => {
    const answer = await app.request('GET', '/api/coupons/HAND');
    return answer.status === 200 ? answer.json() : answer.status;
  };
  t.equal(await read(), 404);
  await app.sql`insert into coupons (name, amount, remaining_amount) values ('HAND', 3, 2)`;
  await app.sql`insert into claims (user_id, coupon_name) values ('ada', 'HAND')`;
  t.strictSame(await read(), {
    name: 'HAND',
    amount: 3,
    remaining_amount: 2,
    state: 'open',
    claimed_by: ['ada'],
  });
  await app.sql`update coupons set amount = 10, remaining_amount = 9`;
  await app.sql`update claims set user_id = 'grace'`;
  t.strictSame(await read(), {
    name: 'HAND',
    amount: 10,
    remaining_amount: 9,
    state: 'open',
    claimed_by: ['grace'],
  });
  await app.sql.unsafe('delete from claims; delete from coupons');
  t.equal(await read(), 404);
});
