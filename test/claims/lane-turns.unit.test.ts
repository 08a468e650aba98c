import t from 'tap';
import { SECOND_TURNS_UNTIL, TURN_SIZE_MAX, TURNS_MAX } from '../../src/claims/waiting-requests.js';
import { Overloaded } from '../../src/overloaded.js';
import { Broken, connectedCaller, createLane, rejects } from '../support/lane.js';

const many = (count: number, prefix = 'm') => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
const outcomesOf = (requests: readonly string[]) => requests.map((request) => request.toUpperCase());

const roomy = { waitingMax: 10_000, batchSizeMax: 250, aheadSizeMin: 10_000 };

t.test(
  'requests that are submitted together fill whole batches, in their order, if nobody else waits',
  async (t) => {
    const { batches, submitMany, turn, decide } = createLane(roomy);
    const requests = many(600);
    const outcomes = submitMany(requests);
    await turn();
    for (let batch = 0; batch < 3; batch++) {
      await decide(batch, outcomesOf(batches[batch]!.requests));
      await turn();
    }
    t.same(
      batches.map((batch) => batch.requests.length),
      [250, 250, 100],
    );
    t.same(
      batches.flatMap((batch) => batch.requests),
      requests,
    );
    t.same(await Promise.all(outcomes), outcomesOf(requests));
  },
);

t.test('a single request behind 1,000 waits for one turn of them, and not for all', async (t) => {
  const { batches, submit, submitMany, turn, decide } = createLane(roomy);
  const requests = many(1_000);
  submitMany(requests);
  submit('single');
  await turn();
  t.equal(batches[0]?.requests.indexOf('single'), TURN_SIZE_MAX);
  await decide(0, outcomesOf(batches[0]!.requests));
  submit('later');
  await turn();
  t.same(batches[1]?.requests.length, 250);
  await decide(1, outcomesOf(batches[1]!.requests));
  await turn();
  t.ok(batches[2]?.requests.includes('later'), 'one that arrives later is in the next batch that starts');
  const run = batches.flatMap((batch) => batch.requests).filter((request) => request.startsWith('m'));
  t.same(run, requests.slice(0, run.length), 'the others keep their order');
});

t.test('a batch that is full does not end a turn: the rest of it goes first in the next batch', async (t) => {
  const { batches, submit, submitMany, turn, decide } = createLane(roomy);
  for (let i = 0; i < 200; i++) submit(`s${i}`);
  submitMany(many(90));
  submit('later');
  await turn();
  t.equal(batches[0]?.requests.at(-1), 'm49');
  await decide(0, outcomesOf(batches[0]!.requests));
  await turn();
  t.same(batches[1]?.requests, [...many(90).slice(50), 'later']);
});

t.test('a batch has room for many requests of few callers, but answers 250 callers at most', async (t) => {
  const { batches, submit, submitMany, turn, decide } = createLane({ ...roomy, batchSizeMax: 1_000 });
  for (let i = 0; i < TURNS_MAX - 1; i++) submit(`s${i}`);
  submitMany(many(1_000));
  submit('later');
  await turn();
  t.equal(batches[0]?.requests.length, TURNS_MAX - 1 + TURN_SIZE_MAX);
  await decide(0, outcomesOf(batches[0]!.requests));
  await turn();
  const next = batches[1]!.requests;
  t.same(next, ['later', ...many(1_000).slice(TURN_SIZE_MAX, TURN_SIZE_MAX + next.length - 1)]);
});

t.test('nobody fills a large batch alone, but many who submit many do together', async (t) => {
  const large = { ...roomy, batchSizeMax: 1_000 };
  const alone = createLane(large);
  alone.submitMany(many(1_000));
  await alone.turn();
  t.equal(alone.batches[0]?.requests.length, SECOND_TURNS_UNTIL);
  const together = createLane(large);
  for (let i = 0; i < 8; i++) together.submitMany(many(500, `${i}-`));
  await together.turn();
  t.equal(together.batches[0]?.requests.length, 8 * TURN_SIZE_MAX);
  t.equal(new Set(together.batches[0]?.requests).size, 8 * TURN_SIZE_MAX, 'each once');
});

t.test('a batch of requests that run again answers 250 callers at most, too', async (t) => {
  const lane = createLane({ ...roomy, batchSizeMax: 1_000, aheadSizeMin: 1 });
  const singles = many(TURNS_MAX * 3);
  for (const single of singles) lane.submit(single);
  await lane.turn();
  t.equal(lane.batches.length, 2, 'one is sent ahead');
  for (const batch of lane.batches) batch.reject(new Broken());
  await lane.turn();
  lane.pauses[0]!.over();
  for (let batch = 2; batch < 5; batch++) {
    await lane.turn();
    t.equal(lane.batches[batch]?.requests.length, TURNS_MAX);
    await lane.decide(batch, outcomesOf(lane.batches[batch]!.requests));
  }
  t.same(
    lane.batches.slice(2).flatMap(({ requests }) => requests),
    singles,
  );
});

t.test(
  'single requests are sent ahead of the end of a large batch, when they can fill half of one',
  async (t) => {
    const { batches, submit, submitMany, turn } = createLane({
      ...roomy,
      batchSizeMax: 1_000,
      aheadSizeMin: 1,
    });
    for (let i = 0; i < 10; i++) submitMany(many(100, `${i}-`));
    await turn();
    for (let i = 0; i < TURNS_MAX / 2 - 1; i++) submit(`s${i}`);
    await turn();
    t.equal(batches.length, 1);
    submit('last');
    await turn();
    t.equal(batches[1]?.requests.length, TURNS_MAX / 2);
  },
);

t.test('two that submit many share the batches', async (t) => {
  const { batches, submitMany, turn } = createLane(roomy);
  submitMany(many(500, 'a'));
  submitMany(many(500, 'b'));
  await turn();
  const of = (prefix: string) => batches[0]!.requests.filter((request) => request.startsWith(prefix)).length;
  t.same([of('a'), of('b')], [150, 100]);
});

t.test('requests that find no room are rejected, and those before them run', async (t) => {
  const { lane, batches, submitMany, turn } = createLane();
  const outcomes = submitMany(many(7));
  t.equal(lane.waiting, 5);
  await rejects(t, outcomes[5]!, Overloaded);
  await rejects(t, outcomes[6]!, Overloaded);
  await turn();
  t.same(batches[0]?.requests, ['m0', 'm1', 'm2']);
  t.equal(lane.waiting, 2);
});

t.test('the rest of a caller that disconnects does not run, and leaves its room', async (t) => {
  const { lane, batches, submit, submitMany, turn, decide } = createLane();
  const caller = { ...connectedCaller };
  submitMany(many(5), caller);
  await turn();
  caller.destroyed = true;
  await decide(0, ['A', 'B', 'C']);
  t.equal(lane.waiting, 0);
  submit('next');
  await turn();
  t.same(batches[1]?.requests, ['next']);
});

t.test('the rest of requests that have waited too long is rejected, also behind younger ones', async (t) => {
  const { lane, clock, submit, submitMany, turn } = createLane({ waitingMax: 10 });
  const outcomes = submitMany(many(5));
  await turn();
  clock.now += 60;
  const young = submit('young');
  clock.now += 60;
  lane.expire();
  await rejects(t, outcomes[3]!, Overloaded);
  await rejects(t, outcomes[4]!, Overloaded);
  t.equal(lane.waiting, 1);
  young.catch(() => {});
});
