import t from 'tap';
import { OutcomeUnknown } from '../../src/claims/lane.js';
import { Overloaded } from '../../src/overloaded.js';
import { Broken, connectedCaller, createLane, rejects } from '../support/lane.js';

t.test(
  'a batch of unknown outcome runs again, after growing pauses, until the outcome is known',
  async (t) => {
    const { batches, pauses, submit, turn, decide } = createLane();
    const outcome = submit('a');
    await turn();
    batches[0]?.reject(new Broken());
    await turn();
    t.equal(batches.length, 1, 'it waits for the end of the pause');
    pauses[0]?.over();
    await turn();
    t.same(batches[1]?.requests, ['a']);
    batches[1]?.reject(new RangeError('cannot connect'));
    await turn();
    pauses[1]?.over();
    await turn();
    t.ok((pauses[1]?.ms ?? 0) > (pauses[0]?.ms ?? 0));
    await decide(2, ['A']);
    t.equal(await outcome, 'A', 'an error of a retry does not fail the request');
  },
);

t.test('a new request that joins a retry fails if that retry fails', async (t) => {
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

t.test('a request whose outcome stays unknown for unknownMsMax fails with OutcomeUnknown', async (t) => {
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

t.test('the time of unknownMsMax includes the batch that failed', async (t) => {
  const { batches, clock, submit, turn } = createLane();
  const outcome = submit('a');
  await turn();
  clock.now += 1_000;
  batches[0]?.reject(new Broken());
  await rejects(t, outcome, OutcomeUnknown);
});

t.test('a request of unknown outcome is given up after unknownMsMax, also while it runs again', async (t) => {
  const { lane, batches, pauses, clock, submit, turn, decide } = createLane();
  const outcome = submit('a');
  await turn();
  batches[0]?.reject(new Broken());
  await turn();
  pauses[0]?.over();
  await turn();
  const later = submit('b');
  clock.now += 999;
  lane.expire();
  t.equal(lane.waiting, 0, 'the later request waited for too long');
  await rejects(t, later, Overloaded);
  clock.now += 1;
  lane.expire();
  await rejects(t, outcome, OutcomeUnknown);
  const next = submit('c');
  await decide(1, ['A']);
  await decide(2, ['C']);
  t.equal(await next, 'C');
});

t.test('a request that was given up is told nothing more, whatever comes of its batch', async (t) => {
  for (const end of ['decided', 'undecided', 'failed'] as const) {
    const { lane, batches, pauses, clock, turn } = createLane();
    const told: unknown[] = [];
    lane.submit(
      ['a'],
      connectedCaller,
      (outcome) => told.push(outcome),
      (error) => told.push(error),
    );
    await turn();
    batches[0]?.reject(new Broken());
    await turn();
    pauses[0]?.over();
    await turn();
    clock.now += 1_000;
    lane.expire();
    lane.expire();
    if (end === 'failed') batches[1]?.reject(new Broken());
    else batches[1]?.resolve({ outcomes: [end === 'decided' ? 'A' : undefined], isContended: false });
    await turn();
    await turn();
    t.equal(told.length, 1, end);
    t.ok(told[0] instanceof OutcomeUnknown, end);
    t.equal(batches.length, 2, `${end}: it does not run again`);
  }
});

t.test('a request that waits to run again is given up after unknownMsMax', async (t) => {
  const { lane, batches, pauses, clock, submit, turn } = createLane();
  const outcome = submit('a');
  await turn();
  batches[0]?.reject(new Broken());
  await turn();
  clock.now += 1_000;
  lane.expire();
  await rejects(t, outcome, OutcomeUnknown);
  pauses[0]?.over();
  await turn();
  t.equal(batches.length, 1);
});

t.test(
  'an undecided request does not wait for the outcome of others for longer than waitMsMax',
  async (t) => {
    const { lane, batches, pauses, clock, submit, turn, decide } = createLane();
    const undecided = submit('a');
    await turn();
    const unknown = ['b', 'c', 'd', 'e'].map((request) => submit(request))[0]!;
    await turn();
    t.same(batches[1]?.requests, ['b', 'c', 'd'], 'a batch is sent ahead');
    await decide(0, [undefined]);
    batches[1]?.reject(new Broken());
    await turn();
    clock.now += 100;
    lane.expire();
    await rejects(t, undecided, Overloaded);
    pauses[0]?.over();
    await turn();
    t.same(batches[2]?.requests, ['b', 'c', 'd']);
    await decide(2, ['B', 'C', 'D']);
    t.equal(await unknown, 'B');
  },
);
