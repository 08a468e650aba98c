import t from 'tap';
import { LogTail, type Look } from '../../src/events/log-tail.js';

/** A tail whose looks the test gives. */
function createTail() {
  const looks: { resolve: (look: Look) => void; reject: (error: Error) => void }[] = [];
  const tail = new LogTail(() => new Promise((resolve, reject) => looks.push({ resolve, reject })));
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  /** Polls once, and returns the row id that is settled then. */
  const settled = async (lastId: number, writers: string[], other: Partial<Look> = {}) => {
    const state = tail.poll();
    await turn();
    looks.at(-1)?.resolve({ epoch: 'a', deletedId: 0, lastId, writers, ...other });
    return (await state).settledId;
  };
  return { tail, looks, turn, settled };
}

t.test('without writers, the last visible row is settled at once', async (t) => {
  const { settled } = createTail();
  t.equal(await settled(0, []), 0);
  t.equal(await settled(7, []), 7);
});

t.test('a row is settled when all that wrote at that moment have ended, whoever writes later', async (t) => {
  const { settled } = createTail();
  t.equal(await settled(7, ['1/1', '2/1']), 0);
  t.equal(await settled(9, ['2/1', '3/1']), 0);
  t.equal(await settled(9, ['3/1', '2/2']), 7);
  t.equal(await settled(12, ['3/1']), 7);
  t.equal(await settled(15, ['4/1']), 12, 'several barriers at once');
});

t.test('a transaction that stays open holds up what came after it, in bounded memory', async (t) => {
  const { settled } = createTail();
  t.equal(await settled(1, []), 1);
  for (let id = 2; id < 1_000; id++) t.equal(await settled(id, ['open', `${id}`]), 1);
  t.equal(await settled(1_000, ['x']), 17, 'the barriers that there was room for');
  t.equal(await settled(1_001, ['x', 'y']), 17);
  t.equal(await settled(1_002, ['y']), 1_000);
  t.equal(await settled(1_003, ['z']), 1_002);
});

t.test('another log, and this one at an earlier moment, start anew', async (t) => {
  const { settled } = createTail();
  t.equal(await settled(7, []), 7);
  t.equal(await settled(9, ['1/1'], { epoch: 'b' }), 0);
  t.equal(await settled(9, [], { epoch: 'b' }), 9);
  t.equal(await settled(8, ['1/2'], { epoch: 'b' }), 0);
  t.equal(await settled(8, ['1/3'], { epoch: 'b' }), 8);
});

t.test('a poll begins after its call, and those who wait share it', async (t) => {
  const { tail, looks, turn } = createTail();
  const first = tail.poll();
  await turn();
  const second = tail.poll();
  t.equal(tail.poll(), second);
  await turn();
  t.equal(looks.length, 1, 'one at a time');
  looks[0]?.reject(new Error('away'));
  await t.rejects(first, { message: 'away' });
  await turn();
  t.equal(looks.length, 2, 'a failure does not end it');
  looks[1]?.resolve({ epoch: 'a', deletedId: 0, lastId: 3, writers: [] });
  t.match(await second, { settledId: 3 });
  t.match(tail.state, { settledId: 3 });
  const tick = tail.tick();
  t.equal(tail.tick(), tick);
});
