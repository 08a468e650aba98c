import { Histogram as Original, Registry } from 'prom-client';
import t from 'tap';
import { Histogram } from '../../src/metrics/histogram.js';

t.test('it says what the histogram of prom-client says', async (t) => {
  const bounds = [0.5, 1, 10];
  const values = [0, 0.5, 0.500001, 1, 9.99, 10, 10.1, 1_000];
  const [own, original] = [new Registry(), new Registry()];
  const histogram = new Histogram(own, 'size', 'Sizes.', bounds);
  const of = (kind: string) => histogram.recorder({ kind });
  const expected = new Original({
    name: 'size',
    help: 'Sizes.',
    buckets: bounds,
    labelNames: ['kind'],
    registers: [original],
  });
  for (const kind of ['a', 'b']) {
    const recorder = of(kind);
    for (const value of values) {
      recorder.record(value);
      expected.observe({ kind }, value);
    }
  }
  const sorted = (text: string) =>
    text.replaceAll(/\{(.*?)\}/g, (_, labels) => labels.split(',').sort()).split('\n');
  t.same(sorted(await own.metrics()), sorted(await original.metrics()));
});
