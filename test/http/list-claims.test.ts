import t from 'tap';
import { problemIn, startApp, type TestApp } from '../support/app.js';
import { users } from '../support/crowd.js';
import { parseCsv, withoutFormula } from '../support/csv.js';
import { type ListedClaim, readPage, readPages } from '../support/lists.js';
import { awkwardNames } from '../support/names.js';

const LIST = '/api/coupons/SUMMER/claims';
const NDJSON = 'application/x-ndjson';
const CSV = 'text/csv';

const read = (app: TestApp, accept: string, path = LIST) =>
  app.request('GET', path, { headers: { Accept: accept } });
const usersOf = (claims: ListedClaim[]) => claims.map(({ user_id }) => user_id);
const parseLines = (body: string): ListedClaim[] =>
  body
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

t.test('200: a page has the claims in their order, with user, coupon and time', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  await app.createCoupon('WINTER', 5);
  for (const user of ['zoe', 'ada', 'mia']) {
    await app.claim('SUMMER', user);
    await app.claim('WINTER', user);
  }
  const answer = await app.request('GET', LIST);
  t.match(answer.headers.get('content-type'), /^application\/json\b/);
  t.equal(answer.headers.get('vary'), 'Accept');
  const { items, ...rest } = answer.json<{ items: ListedClaim[] }>();
  t.strictSame(rest, {});
  for (const [i, user] of ['zoe', 'ada', 'mia'].entries()) {
    const claim = (await app.request('GET', `${LIST}/${user}`)).json();
    t.strictSame(items[i], { user_id: user, coupon_name: 'SUMMER', claimed_at: claim['claimed_at'] });
  }
});

t.test('200: pages of any size have each claim once, in order', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 2_000);
  const people = [...awkwardNames, ...users(950)];
  for (const user of people)
    await app.sql`insert into claims (user_id, coupon_name) values (${user}, 'SUMMER')`;
  t.equal((await readPage<ListedClaim>(app, LIST, {})).items.length, 100);
  for (const limit of [1_000, 331, people.length, people.length - 1]) {
    const pages = await readPages<ListedClaim>(app, LIST, { limit: Math.min(limit, 1_000) });
    t.strictSame(usersOf(pages.flat()), people);
  }
});

t.test('200: a coupon without claims has an empty list, in every form', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  t.equal((await read(app, 'application/json')).text, '{"items":[]}');
  t.equal((await read(app, NDJSON)).text, '');
  t.equal((await read(app, CSV)).text, 'user_id,coupon_name,claimed_at\r\n');
});

t.test('404: no coupon has this name, in every form', async (t) => {
  const app = await startApp(t);
  for (const accept of ['application/json', NDJSON, CSV]) {
    for (const name of ['WINTER', '%00', 'x'.repeat(300)]) {
      const answer = await read(app, accept, `/api/coupons/${name}/claims`);
      t.equal(answer.status, 404);
      t.equal(problemIn(answer).code, 'coupon_not_found');
    }
  }
});

t.test('`Accept` chooses the form; a page, if nothing fits', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  for (const [accept, mediaType] of [
    ['*/*', 'application/json'],
    ['application/json', 'application/json'],
    ['application/json; charset=utf-8', 'application/json'],
    ['text/html', 'application/json'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'application/json'],
    ['', 'application/json'],
    [',;=/', 'application/json'],
    ['text/csv;q=0', 'application/json'],
    ['text/csv;q=0.5, application/json', 'application/json'],
    [NDJSON, NDJSON],
    ['Application/X-NDJSON', NDJSON],
    ['application/json;q=0.1, application/*;q=0.2', NDJSON],
    [`${NDJSON}, */*;q=0.1`, NDJSON],
    [CSV, CSV],
    ['text/*', CSV],
    ['text/csv; charset=utf-8', CSV],
    ['text/csv;header=present', CSV],
    [`text/html, ${CSV}, ${NDJSON}`, CSV],
    [`${CSV}${', a/b'.repeat(190)}`, CSV],
    [`${CSV}${', a/b'.repeat(400)}`, 'application/json'],
  ] as const) {
    const answer = await read(app, accept);
    t.equal(answer.status, 200, accept);
    t.equal(answer.headers.get('content-type')?.split(';')[0], mediaType, accept);
    t.equal(answer.headers.get('vary'), 'Accept');
  }
});

t.test('200: a stream has all claims, in order, as JSON lines or CSV', async (t) => {
  const app = await startApp(t);
  for (const count of [1, 1_999, 2_000, 2_001, 4_000]) {
    await app.sql.unsafe('delete from claims; delete from coupons');
    await app.sql`insert into coupons values ('SUMMER', 20000, ${20_000 - count}), ('WINTER', 20000, ${20_000 - count})`;
    await app.sql`
      insert into claims (user_id, coupon_name)
      select md5(number::text), 'SUMMER' from generate_series(1, ${count}::int) as number order by number`;
    await app.sql`insert into claims (user_id, coupon_name) select user_id, 'WINTER' from claims`;
    const expected = (await readPages<ListedClaim>(app, LIST, { limit: 1_000 })).flat();
    t.equal(expected.length, count);
    t.strictSame(parseLines((await read(app, NDJSON)).text), expected);
    const csv = await read(app, CSV);
    t.equal(csv.headers.get('content-type'), 'text/csv; charset=utf-8; header=present');
    t.strictSame(parseCsv(csv.text), [
      ['user_id', 'coupon_name', 'claimed_at'],
      ...expected.map((claim) => [claim.user_id, claim.coupon_name, claim.claimed_at]),
    ]);
  }
});

t.test(
  'CSV keeps names of any kind, but for an apostrophe before what a spreadsheet would run',
  async (t) => {
    const app = await startApp(t);
    const formulas = ['=1+1', '+1', '-1', '@a', '\ta', '\ra', '=', '="a,b"', "=cmd|' /C calc'!A0"];
    const people = [...awkwardNames, ...formulas, 'a\nb', 'a\rb', 'a,b', '"', '""', "'", ' =1', '\n=1'];
    const distinct = [...new Set(people)];
    for (const name of ['SUMMER', '=SUM(A1)\r\n"', '-']) {
      await app.createCoupon(name, 1_000);
      for (const user of distinct) {
        await app.sql`insert into claims (user_id, coupon_name) values (${user}, ${name})`;
      }
      const path = `/api/coupons/${encodeURIComponent(name)}/claims`;
      t.strictSame(
        parseCsv((await read(app, CSV, path)).text)
          .slice(1)
          .map(([user, coupon]) => [user, coupon]),
        distinct.map((user) => [withoutFormula(user), withoutFormula(name)]),
      );
      t.strictSame(
        usersOf(parseLines((await read(app, NDJSON, path)).text)),
        distinct,
        'JSON has them unchanged',
      );
    }
  },
);

t.test('400: a stream takes neither limit nor cursor, and a page needs valid ones', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  for (const user of ['ada', 'grace']) await app.claim('SUMMER', user);
  const { next_cursor } = await readPage(app, LIST, { limit: 1 });
  for (const accept of [NDJSON, CSV]) {
    for (const query of ['limit=100', `cursor=${next_cursor}`, '%6cimit=5']) {
      const answer = await read(app, accept, `${LIST}?${query}`);
      t.equal(answer.status, 400);
      t.equal(problemIn(answer).error, 'invalid request: limit and cursor need Accept: application/json');
    }
    t.equal((await read(app, accept, `${LIST}?`)).status, 200);
  }
  t.equal(problemIn(await app.request('GET', `${LIST}?limit=0`)).detail, 'limit must be at least 1');
});
