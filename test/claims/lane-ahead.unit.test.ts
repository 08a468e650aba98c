import t from 'tap';
import { Broken, createLane, rejects } from '../support/lane.js';

t.test('a batch that is large enough is sent ahead, while another batch runs', async (t) => {
  const { batches, submit, turn, decide } = createLane({ aheadSizeMin: 2 });
  const outcomes = ['a', 'b', 'c'].map((request) => submit(request));
  await turn();
  outcomes.push(submit('d'));
  await turn();
  t.equal(batches.length, 1, 'a single request waits for others');
  outcomes.push(submit('e'));
  await turn();
  t.same(batches[1]?.requests, ['d', 'e']);
  outcomes.push(submit('f'), submit('g'));
  await turn();
  t.equal(batches.length, 2, 'at most one batch is sent ahead');
  await decide(0, ['A', 'B', 'C']);
  t.same(batches[2]?.requests, ['f', 'g'], 'the next one is sent once the first has ended');
  await decide(1, ['D', 'E']);
  await decide(2, ['F', 'G']);
  t.same(await Promise.all(outcomes), ['A', 'B', 'C', 'D', 'E', 'F', 'G']);
});

t.test('a batch of less than half the size of the running one is not sent ahead', async (t) => {
  const { batches, submit, turn } = createLane({ aheadSizeMin: 1, batchSizeMax: 10, waitingMax: 10 });
  for (const request of ['a', 'b', 'c', 'd', 'e']) submit(request);
  await turn();
  for (const request of ['f', 'g']) submit(request);
  await turn();
  t.equal(batches.length, 1);
  submit('h');
  await turn();
  t.same(batches[1]?.requests, ['f', 'g', 'h']);
});

t.test('no batch is sent ahead while another server is at work on the same coupons', async (t) => {
  const { batches, submit, turn, decide } = createLane({ aheadSizeMin: 1, batchSizeMax: 10, waitingMax: 10 });
  submit('a');
  await turn();
  await decide(0, ['A'], true);
  submit('b');
  await turn();
  for (const request of ['c', 'd', 'e']) submit(request);
  await turn();
  t.equal(batches.length, 2, 'the waiting ones become one larger batch');
  await decide(1, ['B'], false);
  t.same(batches[2]?.requests, ['c', 'd', 'e']);
  for (const request of ['f', 'g']) submit(request);
  await turn();
  t.equal(batches.length, 4, 'the other server has gone: ahead again');
});

t.test('undecided requests run before all others, once no batch runs', async (t) => {
  const { batches, submit, turn, decide } = createLane({ aheadSizeMin: 1 });
  for (const request of ['a', 'b']) submit(request);
  await turn();
  for (const request of ['c', 'd']) submit(request);
  await turn();
  for (const request of ['e', 'f', 'g']) submit(request);
  await decide(0, ['A', undefined]);
  t.equal(batches.length, 2, 'they wait for the batch that was sent ahead');
  await decide(1, [undefined, 'D']);
  t.same(batches[2]?.requests, ['b', 'c', 'e'], 'in the order of arrival');
});

t.test('batches that fail together run again together, in their order, after one pause', async (t) => {
  const { batches, pauses, submit, turn, decide } = createLane({ aheadSizeMin: 1, batchSizeMax: 10 });
  const outcomes = ['a', 'b'].map((request) => submit(request));
  await turn();
  outcomes.push(submit('c'), submit('d'));
  await turn();
  batches[0]?.reject(new Broken());
  batches[1]?.reject(new Broken());
  await turn();
  outcomes.push(submit('e'));
  await turn();
  t.equal(batches.length, 2, 'nothing starts during the pause');
  t.equal(pauses.length, 1);
  pauses[0]?.over();
  await turn();
  t.same(batches[2]?.requests, ['a', 'b', 'c', 'd', 'e']);
  await decide(2, ['A', 'B', 'C', 'D', 'E']);
  t.same(await Promise.all(outcomes), ['A', 'B', 'C', 'D', 'E']);
});

t.test('no batch is sent ahead after a failure, until a batch succeeds', async (t) => {
  const { batches, submit, turn, decide } = createLane({ aheadSizeMin: 1 });
  submit('a');
  await turn();
  batches[0]?.reject(new RangeError('no'));
  await turn();
  submit('b');
  await turn();
  submit('c');
  await turn();
  t.equal(batches.length, 2);
  await decide(1, ['B']);
  submit('d');
  await turn();
  t.same(
    batches.slice(2).map((batch) => batch.requests),
    [['c'], ['d']],
  );
});

t.test('a failing batch does not fail the batch that was sent ahead', async (t) => {
  const { batches, submit, turn, decide } = createLane({ aheadSizeMin: 1 });
  const failing = submit('a');
  await turn();
  const ahead = submit('b');
  await turn();
  batches[0]?.reject(new RangeError('no'));
  await rejects(t, failing, RangeError);
  await decide(1, ['B']);
  t.equal(await ahead, 'B');
});
