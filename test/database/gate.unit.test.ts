import t from 'tap';
import { Gate } from '../../src/database/gate.js';
import { Overloaded } from '../../src/overloaded.js';

t.test('a gate lets a bounded number inside, and the others follow in their order', async (t) => {
  const gate = new Gate({ max: 2, waitingMax: 10, waitMsMax: 60_000 });
  const entered: number[] = [];
  const enter = (number: number) => gate.enter().then(() => entered.push(number));
  const all = Promise.all([1, 2, 3, 4].map(enter));
  await new Promise(setImmediate);
  t.same(entered, [1, 2]);
  gate.leave();
  await new Promise(setImmediate);
  t.same(entered, [1, 2, 3]);
  gate.leave();
  await all;
  t.same(entered, [1, 2, 3, 4]);
  gate.leave();
  gate.leave();
  await gate.enter();
});

t.test('a gate rejects at once when too many wait, and later who waits too long', async (t) => {
  const gate = new Gate({ max: 1, waitingMax: 1, waitMsMax: 20 });
  await gate.enter();
  const late = gate.enter();
  await t.rejects(gate.enter(), new Overloaded('too many requests are waiting'));
  await t.rejects(late, new Overloaded('the request waited too long'));
  gate.leave();
  await gate.enter();
});
