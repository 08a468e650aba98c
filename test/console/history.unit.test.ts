import t from 'tap';
import { HISTORY_SECONDS, History } from '../../src/console/history.js';

const START = 1_790_000_000;

t.test('a second has the claims that were made in it, and the stock at its end', async (t) => {
  const history = new History(10);
  history.addClaim(START);
  history.addClaim(START);
  history.setStock(START, 9);
  history.setStock(START, 8);
  history.addClaim(START + 3);
  history.setStock(START + 3, 7);
  t.same(history.series(START - 1, START + 4), {
    seconds: [-1, 0, 1, 2, 3, 4].map((second) => START + second),
    stock: [10, 8, 8, 8, 7, 7],
    claims: [0, 2, 0, 0, 1, 0],
  });
  t.equal(history.claimsIn(START), 2);
  t.equal(history.claimsIn(START + 1), 0);
  t.equal(history.claimsIn(START + 99), 0, 'of the future');
});

t.test('a claim that comes late counts in its second, unless the ring has left it', async (t) => {
  const history = new History(10);
  history.addClaim(START + HISTORY_SECONDS);
  history.addClaim(START + 1);
  history.addClaim(START);
  t.equal(history.claimsIn(START + 1), 1);
  t.equal(history.claimsIn(START), 0);
});

t.test('what leaves the ring is the stock before it, also after a long silence', async (t) => {
  for (const silence of [1, 7, HISTORY_SECONDS - 1, HISTORY_SECONDS, HISTORY_SECONDS + 1, 100_000]) {
    const history = new History(10);
    for (let i = 0; i < 5; i++) history.setStock(START + i, 9 - i);
    const now = START + 4 + silence;
    history.addClaim(now);
    const { seconds, stock, claims } = history.series(0, now);
    t.equal(seconds.length, HISTORY_SECONDS);
    t.equal(stock.at(-1), 5, `after ${silence} s`);
    t.equal(stock[0], silence < HISTORY_SECONDS - 4 ? 10 : stock[0]);
    if (silence >= HISTORY_SECONDS) t.ok(stock.every((units) => units === 5));
    t.equal(
      claims.reduce((sum: number, count) => sum + (count ?? 0), 0),
      1,
    );
  }
});
