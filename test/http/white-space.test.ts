import t from 'tap';
import { problemIn, startApp } from '../support/app.js';

/** A name is not only white space. Each language has a list of its own of what that is. */

const app = await startApp(t);

/** Unicode's White_Space, found by its property, and the byte-order mark. */
const whiteSpace = Array.from({ length: 0x110000 }, (_, code) => code)
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code))
  .filter((character) => /\p{White_Space}/u.test(character) || character === '\ufeff');
t.equal(whiteSpace.length, 26);

const rule = 'must have a character other than white space, and no U+0000';

for (const character of whiteSpace) {
  const code = character.codePointAt(0)?.toString(16).padStart(4, '0');
  t.test(`U+${code} alone is not a name, but may be part of a name`, async (t) => {
    for (const blank of [character, ` ${character}${character}`]) {
      const created = await app.createCoupon(blank, 1);
      t.equal(problemIn(created).error, `invalid request: name ${rule}`);
      const claimed = await app.claim('SALE', blank);
      t.equal(problemIn(claimed).error, `invalid request: user_id ${rule}`);
      const read = await app.request('GET', `/api/coupons/${encodeURIComponent(blank)}`);
      t.equal(problemIn(read).code, 'coupon_not_found');
    }
    const name = `${character}x${character}`;
    t.equal((await app.createCoupon(name, 1)).status, 201);
    t.equal((await app.claim(name, name)).status, 200);
    t.strictSame((await app.getCoupon(name)).claimed_by, [name]);
  });
}

t.test('characters that show nothing, and are not white space, are names', async (t) => {
  for (const name of ['\u200b', '\u2060', '\u180e', '\u00ad', '\u3164', '\u2800', '\u0001', '\u001c']) {
    t.equal((await app.createCoupon(name, 1)).status, 201, JSON.stringify(name));
    t.equal((await app.getCoupon(name)).name, name);
  }
});
