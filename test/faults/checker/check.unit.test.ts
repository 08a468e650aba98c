import t from 'tap';
import { brokenHistories } from './broken-histories.js';
import { check } from './check.js';
import { goodHistory } from './good-history.js';

t.test('a history in which every promise is kept breaks no rule', async (t) => {
  t.strictSame(check(goodHistory()), []);
});

for (const [title, change, expected] of brokenHistories) {
  t.test(`${title}: the checker says so`, async (t) => {
    const history = goodHistory();
    change(history);
    const broken = new Set(check(history).map(({ rule }) => rule));
    t.strictSame([...broken].sort(), [...expected].sort());
  });
}
