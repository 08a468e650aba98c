import t from 'tap';
import { Pacer } from '../../src/http/pacer.js';

// The pacer itself keeps no process alive.
const alive = setInterval(() => {}, 1_000);
t.teardown(() => clearInterval(alive));

t.test('some calls are made at once, the others soon, and all in their order', async (t) => {
  const pacer = new Pacer();
  const called: number[] = [];
  const all = Promise.all(
    Array.from(
      { length: 500 },
      (_, i) =>
        new Promise<void>((resolve) =>
          pacer.pace(() => {
            called.push(i);
            resolve();
          }),
        ),
    ),
  );
  t.ok(called.length > 0, 'the first are made at once');
  t.ok(called.length < 100, 'the others are held');
  await all;
  t.same(
    called,
    Array.from({ length: 500 }, (_, i) => i),
  );
});

t.test('a pacer that was idle makes calls at once again', async (t) => {
  const pacer = new Pacer();
  for (let round = 0; round < 3; round++) {
    let called = false;
    pacer.pace(() => (called = true));
    t.ok(called);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
});
