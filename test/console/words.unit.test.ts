import t from 'tap';
import { windowWords } from '../../src/console/coupon-words.js';
import {
  clockWords,
  countOf,
  countWords,
  exactTimeWords,
  localInputValue,
  spanWords,
  timeWords,
} from '../../src/console/words.js';

const noon = Date.UTC(2026, 6, 1, 12);

t.test('counts have separators, and their noun agrees', async (t) => {
  t.equal(countWords(2_147_483_647), '2,147,483,647');
  t.equal(countOf(1, 'unit'), '1 unit');
  t.equal(countOf(0, 'unit'), '0 units');
  t.equal(countOf(1_200, 'claim'), '1,200 claims');
});

t.test('a span has its two largest units, and what is left is never nothing', async (t) => {
  for (const [ms, words] of [
    [1, '1 s'],
    [2_400, '3 s'],
    [59_999, '1 min'],
    [125_000, '2 min 5 s'],
    [3_600_000, '1 h'],
    [3_600_000 * 4 + 60_000 * 20, '4 h 20 min'],
    [86_400_000, '1 day'],
    [86_400_000 * 3 + 1, '3 days'],
    [-5, '0 s'],
  ] as const) {
    t.equal(spanWords(ms), words);
  }
});

t.test('a time has its date unless it is of today, and for a decision its zone', async (t) => {
  const local = new Date(2026, 6, 1, 12, 0, 3).getTime();
  t.equal(clockWords(local), '12:00:03');
  t.equal(timeWords(local, local + 1000), '12:00:03');
  t.equal(timeWords(local, local + 86_400_000), '1 Jul 2026, 12:00:03');
  t.match(exactTimeWords(local), /^Wed,? 1 Jul 2026, 12:00:03 \S+$/);
});

t.test('a date field shows a time in the zone of the browser, and reads it back', async (t) => {
  for (const ms of [noon, noon + 86_400_000 * 180, Date.UTC(1999, 11, 31, 23, 59, 59)]) {
    t.equal(Date.parse(localInputValue(ms)), ms);
  }
  t.match(localInputValue(noon + 999), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/, 'in whole seconds');
});

t.test('the window of a sale says what comes next', async (t) => {
  const coupon = { name: 'A', amount: 1, remaining_amount: 1 };
  const at = (ms: number) => new Date(noon + ms).toISOString();
  const clock = (ms: number) => clockWords(noon + ms);
  const words = (state: string, starts_at?: string, ends_at?: string) =>
    windowWords({ ...coupon, state, ...(starts_at && { starts_at }), ...(ends_at && { ends_at }) }, noon);
  t.equal(words('scheduled', at(3_000)), `opens ${clock(3_000)}, in 3 s`);
  t.equal(words('scheduled', at(-1)), `opens ${clock(-1)}, any moment`);
  t.equal(words('open', at(-5), at(90_000)), `ends ${clock(90_000)}, in 1 min 30 s`);
  t.equal(words('open'), 'no end');
  t.equal(words('sold_out'), 'no end');
  t.equal(words('ended', undefined, at(-1_000)), `ended ${clock(-1_000)}`);
});
