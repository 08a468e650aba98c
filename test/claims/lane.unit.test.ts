import t from 'tap';
import type { BatchReport } from '../../src/claims/lane.js';
import { Overloaded } from '../../src/overloaded.js';
import { createLane, rejects } from '../support/lane.js';

t.test('requests that arrive together share a batch, and later requests wait for the next one', async (t) => {
  const { batches, submit, turn, decide } = createLane();
  const first = [submit('a'), submit('b')];
  t.equal(batches.length, 0, 'no batch starts before the turn of the event loop ends');
  await turn();
  t.same(batches[0]?.requests, ['a', 'b']);
  const second = [submit('c'), submit('d')];
  await turn();
  t.equal(batches.length, 1, 'one batch runs at a time');
  await decide(0, ['A', 'B']);
  t.same(await Promise.all(first), ['A', 'B'], 'each request has its own outcome');
  await turn();
  t.same(batches[1]?.requests, ['c', 'd']);
  await decide(1, ['C', 'D']);
  t.same(await Promise.all(second), ['C', 'D']);
});

t.test('the next batch starts before the callers of the last batch get their outcomes', async (t) => {
  const { batches, submit, turn } = createLane();
  let answered = false;
  submit('a').then(() => (answered = true));
  await turn();
  submit('b');
  batches[0]?.resolve({ outcomes: ['A'], isContended: false });
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(batches.length, 2);
  t.notOk(answered);
  await turn();
  t.ok(answered);
});

t.test('an idle lane starts a batch when a request arrives', async (t) => {
  const { submit, turn, decide } = createLane();
  submit('a');
  await turn();
  await decide(0, ['A']);
  await turn();
  const outcome = submit('b');
  await turn();
  await decide(1, ['B']);
  t.equal(await outcome, 'B');
});

t.test('a batch has at most batchSizeMax requests, in the order of their arrival', async (t) => {
  const { batches, submit, turn, decide } = createLane();
  for (const request of ['a', 'b', 'c', 'd', 'e']) submit(request);
  await turn();
  await decide(0, ['A', 'B', 'C']);
  await turn();
  t.same(
    batches.map((batch) => batch.requests),
    [
      ['a', 'b', 'c'],
      ['d', 'e'],
    ],
  );
});

t.test('a full lane rejects a request at once', async (t) => {
  const { lane, submit } = createLane();
  for (const request of ['a', 'b', 'c', 'd', 'e']) submit(request);
  await rejects(t, submit('f'), Overloaded);
  t.equal(lane.waiting, 5);
});

t.test('a request that waited too long is rejected while the earlier batch still runs', async (t) => {
  const { lane, batches, clock, submit, turn, decide } = createLane();
  const running = submit('a');
  await turn();
  const late = submit('b');
  clock.now += 60;
  const later = submit('c');
  clock.now += 60;
  lane.expire();
  await rejects(t, late, Overloaded);
  await decide(0, ['A']);
  t.equal(await running, 'A');
  await turn();
  t.same(batches[1]?.requests, ['c']);
  await decide(1, ['C']);
  t.equal(await later, 'C');
});

t.test('a batch leaves out requests whose caller disconnected', async (t) => {
  const { batches, submit, turn } = createLane();
  const caller = { destroyed: false };
  submit('a', caller);
  submit('b');
  caller.destroyed = true;
  await turn();
  t.same(batches[0]?.requests, ['b']);
});

t.test('a request behind many disconnected callers runs at once', async (t) => {
  const { batches, submit, turn } = createLane();
  for (const request of ['a', 'b', 'c']) submit(request, { destroyed: true });
  submit('d');
  await turn();
  t.same(batches[0]?.requests, ['d']);
});

t.test('an undecided request goes first in the next batch', async (t) => {
  const { batches, submit, turn, decide } = createLane();
  submit('a');
  const undecided = submit('b');
  await turn();
  submit('c');
  await decide(0, ['A', undefined]);
  await turn();
  t.same(batches[1]?.requests, ['b', 'c']);
  await decide(1, ['B', 'C']);
  t.equal(await undecided, 'B');
});

t.test('a request that stays undecided too long is rejected', async (t) => {
  const { clock, submit, turn, decide } = createLane();
  const outcome = submit('a');
  await turn();
  clock.now += 101;
  await decide(0, [undefined]);
  await rejects(t, outcome, Overloaded);
});

t.test('a failing batch fails only its own requests, and the lane continues', async (t) => {
  const { batches, submit, turn, decide } = createLane();
  const failing = submit('a');
  await turn();
  const next = submit('b');
  batches[0]?.reject(new RangeError('no'));
  await rejects(t, failing, RangeError);
  await turn();
  await decide(1, ['B']);
  t.equal(await next, 'B');
});

t.test('a batch that returns too few outcomes fails all of its requests', async (t) => {
  const { submit, turn, decide } = createLane();
  const outcomes = [submit('a'), submit('b')];
  await turn();
  await decide(0, ['A']);
  for (const outcome of outcomes) await t.rejects(outcome, { message: '1 outcomes for 2 requests' });
});

t.test('an observer gets the size, wait, duration and outcomes of each batch', async (t) => {
  const reports: BatchReport<string>[] = [];
  const { batches, clock, submit, turn, decide } = createLane({ onBatch: (report) => reports.push(report) });
  submit('a');
  clock.now += 5;
  submit('b');
  clock.now += 10;
  await turn();
  submit('c');
  clock.now += 20;
  await decide(0, ['yes', undefined]);
  clock.now += 30;
  const error = new RangeError('no');
  batches[1]?.reject(error);
  await turn();
  t.same(reports, [
    { size: 2, waitMs: 15, durationMs: 20, outcomes: ['yes', undefined], failure: undefined },
    { size: 2, waitMs: 30, durationMs: 30, outcomes: [], failure: error },
  ]);
});
