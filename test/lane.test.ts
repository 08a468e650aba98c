import t, { type Test } from 'tap';
import { Lane, type LaneOptions, OutcomeUnknown, Overloaded } from '../src/claims/lane.js';

const here = { destroyed: false };

class Broken extends Error {}

/** A lane whose batches, clock and moments are in the test's hand. */
function createLane(options: Partial<LaneOptions<string, string>> = {}) {
  const batches: {
    requests: readonly string[];
    resolve: (outcomes: (string | undefined)[]) => void;
    reject: (error: Error) => void;
  }[] = [];
  const scheduled: (() => void)[] = [];
  const pauses: { ms: number; over: () => void }[] = [];
  const clock = { now: 1_000 };
  const lane = new Lane<string, string>({
    run: (requests) => new Promise((resolve, reject) => batches.push({ requests, resolve, reject })),
    isOutcomeUnknown: (error) => error instanceof Broken,
    schedule: (callback) => scheduled.push(callback),
    pause: (ms) => new Promise((over) => pauses.push({ ms, over })),
    now: () => clock.now,
    batchSizeMax: 3,
    aheadSizeMin: 4,
    waitingMax: 5,
    waitMsMax: 100,
    unknownMsMax: 1_000,
    ...options,
  });
  const submit = (request: string, caller = here) => {
    const outcome = lane.submit(request, caller);
    outcome.catch(() => {});
    return outcome;
  };
  /** Lets the scheduled begin, and what follows from it happen. */
  const turn = async () => {
    for (const callback of scheduled.splice(0)) callback();
    await new Promise((resolve) => setImmediate(resolve));
  };
  /** Ends a batch with these outcomes, and lets what follows from it happen. */
  const decide = async (batch: number, outcomes: (string | undefined)[]) => {
    batches[batch]?.resolve(outcomes);
    await turn();
    await turn();
  };
  return { lane, batches, pauses, clock, submit, turn, decide };
}

async function rejects(
  t: Test,
  outcome: Promise<string>,
  type: new (...args: never[]) => Error,
): Promise<void> {
  const error = await outcome.catch((error: unknown) => error);
  t.ok(error instanceof type, `it is rejected with ${type.name}`);
}

t.test('requests of one moment go together, and those that arrive meanwhile in the next batch', async (t) => {
  const { batches, submit, turn, decide } = createLane();
  const first = [submit('a'), submit('b')];
  t.equal(batches.length, 0, 'nothing runs before the moment is over');
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

t.test('the next batch is under way before the callers of the last one are answered', async (t) => {
  const { batches, submit, turn } = createLane();
  let answered = false;
  submit('a').then(() => (answered = true));
  await turn();
  submit('b');
  batches[0]?.resolve(['A']);
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(batches.length, 2);
  t.notOk(answered);
  await turn();
  t.ok(answered);
});

t.test('a batch that is large enough is sent ahead, to stand behind the one that runs', async (t) => {
  const { batches, submit, turn, decide } = createLane({ aheadSizeMin: 2 });
  const outcomes = ['a', 'b', 'c'].map((request) => submit(request));
  await turn();
  outcomes.push(submit('d'));
  await turn();
  t.equal(batches.length, 1, 'one alone can as well wait for company');
  outcomes.push(submit('e'));
  await turn();
  t.same(batches[1]?.requests, ['d', 'e']);
  outcomes.push(submit('f'), submit('g'));
  await turn();
  t.equal(batches.length, 2, 'no more than one is sent ahead');
  await decide(0, ['A', 'B', 'C']);
  t.same(batches[2]?.requests, ['f', 'g'], 'until the first has ended');
  await decide(1, ['D', 'E']);
  await decide(2, ['F', 'G']);
  t.same(await Promise.all(outcomes), ['A', 'B', 'C', 'D', 'E', 'F', 'G']);
});

t.test('a batch much smaller than the one that runs is not sent ahead', async (t) => {
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

t.test('undecided requests go before all others, as soon as nothing runs', async (t) => {
  const { batches, submit, turn, decide } = createLane({ aheadSizeMin: 1 });
  for (const request of ['a', 'b']) submit(request);
  await turn();
  for (const request of ['c', 'd']) submit(request);
  await turn();
  for (const request of ['e', 'f', 'g']) submit(request);
  await decide(0, ['A', undefined]);
  t.equal(batches.length, 2, 'not behind the batch that was sent ahead');
  await decide(1, [undefined, 'D']);
  t.same(batches[2]?.requests, ['b', 'c', 'e'], 'in the order of arrival');
});

t.test('batches that fail together are run again together, in their order, after one pause', async (t) => {
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

t.test('after a failure nothing is sent ahead until a batch succeeds', async (t) => {
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

t.test('a batch fails alone: the one that was sent ahead has its outcomes', async (t) => {
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

t.test('a lane that has become idle starts again', async (t) => {
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

t.test('a batch is never larger than its bound, and keeps the order of arrival', async (t) => {
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

t.test('a full lane turns away at once', async (t) => {
  const { lane, submit } = createLane();
  for (const request of ['a', 'b', 'c', 'd', 'e']) submit(request);
  await rejects(t, submit('f'), Overloaded);
  t.equal(lane.waiting, 5);
});

t.test('who has waited too long is turned away while the batch before still runs', async (t) => {
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

t.test('a caller who is gone is not run for', async (t) => {
  const { batches, submit, turn } = createLane();
  const caller = { destroyed: false };
  submit('a', caller);
  submit('b');
  caller.destroyed = true;
  await turn();
  t.same(batches[0]?.requests, ['b']);
});

t.test('those behind a crowd of callers who are gone are run at once', async (t) => {
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

t.test('a request that stays undecided is turned away in the end', async (t) => {
  const { clock, submit, turn, decide } = createLane();
  const outcome = submit('a');
  await turn();
  clock.now += 101;
  await decide(0, [undefined]);
  await rejects(t, outcome, Overloaded);
});

t.test('a failing batch fails its own requests only, and the lane goes on', async (t) => {
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

t.test('a batch with as many outcomes as requests is the only one that counts', async (t) => {
  const { submit, turn, decide } = createLane();
  const outcomes = [submit('a'), submit('b')];
  await turn();
  await decide(0, ['A']);
  for (const outcome of outcomes) await t.rejects(outcome, { message: '1 outcomes for 2 requests' });
});

t.test('a batch of unknown outcome is run again, after growing pauses, until one tells', async (t) => {
  const { batches, pauses, submit, turn, decide } = createLane();
  const outcome = submit('a');
  await turn();
  batches[0]?.reject(new Broken());
  await turn();
  t.equal(batches.length, 1, 'not before the pause is over');
  pauses[0]?.over();
  await turn();
  t.same(batches[1]?.requests, ['a']);
  batches[1]?.reject(new RangeError('cannot connect'));
  await turn();
  pauses[1]?.over();
  await turn();
  t.ok((pauses[1]?.ms ?? 0) > (pauses[0]?.ms ?? 0));
  await decide(2, ['A']);
  t.equal(await outcome, 'A', 'another failure in between does not make it a failure');
});

t.test('what arrives while an outcome is unknown fails by itself, when it fails', async (t) => {
  const { batches, pauses, submit, turn, decide } = createLane();
  const unknown = submit('a');
  await turn();
  batches[0]?.reject(new Broken());
  await turn();
  const later = submit('b');
  pauses[0]?.over();
  await turn();
  t.same(batches[1]?.requests, ['a', 'b']);
  batches[1]?.reject(new RangeError('cannot connect'));
  await rejects(t, later, RangeError);
  await turn();
  pauses[1]?.over();
  await turn();
  await decide(2, ['A']);
  t.equal(await unknown, 'A');
});

t.test('an outcome that stays unknown is reported as unknown, after a bounded time', async (t) => {
  const { batches, pauses, clock, submit, turn } = createLane();
  const outcome = submit('a');
  await turn();
  batches[0]?.reject(new Broken());
  await turn();
  clock.now += 1_000;
  pauses[0]?.over();
  await turn();
  batches[1]?.reject(new Broken());
  await rejects(t, outcome, OutcomeUnknown);
});
