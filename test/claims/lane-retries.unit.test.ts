import t from 'tap';
import { Broken, createLane } from '../support/lane.js';

/** A lane with batches of up to three, whose first two batches have failed: nobody knows how they ended. */
async function startWithTwoUnknownBatches() {
  const lane = createLane({ aheadSizeMin: 1 });
  for (const request of ['a', 'b', 'c']) lane.submit(request);
  await lane.turn();
  for (const request of ['d', 'e']) lane.submit(request);
  await lane.turn();
  for (const batch of lane.batches) batch.reject(new Broken());
  await lane.turn();
  const endPause = async () => {
    lane.pauses.at(-1)?.over();
    await lane.turn();
  };
  await endPause();
  return { ...lane, endPause };
}

t.test('requests that do not fit in one batch keep their order when that batch fails again', async (t) => {
  const { batches, decide, endPause, turn } = await startWithTwoUnknownBatches();
  t.same(batches[2]?.requests, ['a', 'b', 'c']);
  batches[2]?.reject(new Broken());
  await turn();
  await endPause();
  t.same(batches[3]?.requests, ['a', 'b', 'c']);
  await decide(3, ['A', 'B', 'C']);
  t.same(batches[4]?.requests, ['d', 'e']);
});

t.test(
  'requests that do not fit in one batch keep their order when one of that batch is undecided',
  async (t) => {
    const { batches, decide } = await startWithTwoUnknownBatches();
    await decide(2, ['A', undefined, 'C']);
    t.same(batches[3]?.requests, ['b', 'd', 'e']);
  },
);

t.test('no batch is sent ahead until all requests of unknown outcome are decided', async (t) => {
  const { batches, decide, submit, turn } = await startWithTwoUnknownBatches();
  for (const request of ['f', 'g', 'h']) submit(request);
  await decide(2, ['A', 'B', 'C']);
  await turn();
  t.same(
    batches.slice(3).map(({ requests }) => requests),
    [['d', 'e', 'f']],
  );
  await decide(3, ['D', 'E', 'F']);
  t.same(batches[4]?.requests, ['g', 'h']);
});
