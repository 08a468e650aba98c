import t from 'tap';
import { problemIn, startApp } from '../support/app.js';
import { readPage } from '../support/lists.js';

const encode = (content: unknown) => Buffer.from(JSON.stringify(content)).toString('base64url');

/** By path: a list, and what the cursor behind its first item holds. */
const lists: Record<string, [version: number, name: string, position: RegExp]> = {
  '/api/coupons': [1, 'coupons', /^a$/],
  '/api/coupons/a/claims': [1, 'claims of coupon a', /^\d+$/],
  '/api/users/ada/claims': [1, 'claims of user ada', /^a$/],
};

const app = await startApp(t);
for (const name of ['a', 'b', 'c']) await app.createCoupon(name, 5);
for (const name of ['a', 'b', 'c']) for (const user of ['ada', 'grace']) await app.claim(name, user);

const cursorOf = async (path: string) => String((await readPage(app, path, { limit: 1 })).next_cursor);

for (const [path, [version, name, position]] of Object.entries(lists)) {
  t.test(`400: ${path} takes no cursor that it has not made`, async (t) => {
    const own = await cursorOf(path);
    const [, , found] = JSON.parse(Buffer.from(own, 'base64url').toString());
    t.match(found, position);
    t.equal(own, encode([version, name, found]), 'so that the ones below differ in one thing');
    t.equal((await app.request('GET', `${path}?cursor=${own}`)).status, 200);
    const others = {
      nothing: '',
      'no JSON': 'a',
      'a space': '%20',
      padding: `${own}=`,
      'a line feed': `${own}%0a`,
      'one that is cut': own.slice(0, -1),
      'one with more bytes': `${own}AA`,
      'a long text': 'x'.repeat(9_000),
      null: encode(null),
      'an object': encode({ 2: found }),
      'no position': encode([version, name]),
      'a number': encode([version, name, 1]),
      'more elements': encode([version, name, found, found]),
      'U+0000 in it': encode([version, name, 'a\0']),
      'another version': encode([version + 1, name, found]),
      'another name': encode([version, `${name} `, found]),
      'a page of another user': await cursorOf('/api/users/grace/claims'),
      'a page of another coupon': await cursorOf('/api/coupons/b/claims'),
      ...Object.fromEntries(
        await Promise.all(
          Object.keys(lists).map(async (other) => [other, other === path ? 'x' : await cursorOf(other)]),
        ),
      ),
    };
    for (const [title, cursor] of Object.entries(others)) {
      const answer = await app.request('GET', `${path}?cursor=${cursor}`);
      t.equal(answer.status, 400, title);
      t.equal(problemIn(answer).error, 'invalid request: cursor must be a next_cursor of this list', title);
    }
  });
}

t.test('400: a cursor of claims has a number of 64 bits', async (t) => {
  const ask = async (position: string) => {
    const cursor = encode([1, 'claims of coupon a', position]);
    return (await app.request('GET', `/api/coupons/a/claims?cursor=${cursor}`)).status;
  };
  for (const position of ['9223372036854775807', '-9223372036854775808', '0']) {
    t.equal(await ask(position), 200, position);
  }
  for (const position of ['9223372036854775808', '-9223372036854775809', '1e3', '1.5', ' 1', '']) {
    t.equal(await ask(position), 400, position);
  }
});
