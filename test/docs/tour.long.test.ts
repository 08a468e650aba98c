import t from 'tap';
import { examplesOf, hasCurl, runExamples } from '../support/run-examples.js';

const TOUR = 'docs/tour.md';

t.test(
  'the tour can be pasted, and prints what it shows',
  { skip: hasCurl ? false : 'curl is not on this machine' },
  async (t) => {
    const examples = await examplesOf(TOUR);
    t.ok(examples.length > 20, `${examples.length} blocks`);
    await runExamples(t, TOUR, examples);
  },
);
