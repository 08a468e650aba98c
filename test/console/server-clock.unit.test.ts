import t from 'tap';
import { ServerClock } from '../../src/console/server-clock.js';

/** The answer of a server whose clock differs, after a request that took some milliseconds. */
function answer(serverMs: number) {
  return new Date(Math.floor(serverMs / 1000) * 1000).toUTCString();
}

t.test('without answers, and with a difference below a second, it is the clock of the browser', async (t) => {
  let ms = 1_000_400;
  const clock = new ServerClock(() => ms);
  t.equal(clock.now(), ms);
  clock.learn(null, ms);
  clock.learn('no date', ms);
  t.equal(clock.now(), ms);
  for (let i = 0; i < 20; i++) {
    clock.learn(answer(ms), ms);
    ms += 130;
    t.equal(clock.now(), ms);
  }
});

t.test('each answer bounds the difference, and many give it to a few milliseconds', async (t) => {
  for (const difference of [-90_000, -5_250, 7_770, 3_600_000]) {
    let ms = 1_000_000_000;
    const clock = new ServerClock(() => ms);
    for (let i = 0; i < 300; i++) {
      const sentAt = ms;
      ms += 4;
      clock.learn(answer(ms + difference), sentAt);
      ms += 97;
    }
    const error = Math.abs(clock.now() - ms - difference);
    t.ok(error <= 1000, `${difference} ms: ${error} ms off`);
  }
});

t.test('a clock that is set is believed anew', async (t) => {
  let ms = 5_000_000;
  const clock = new ServerClock(() => ms);
  clock.learn(answer(ms + 60_000), ms);
  ms -= 600_000;
  clock.learn(answer(ms), ms);
  t.ok(Math.abs(clock.now() - ms) <= 1000);
});
