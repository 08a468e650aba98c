import t from 'tap';
import { backoffMs } from '../../clients/typescript/src/retry.js';

t.test('pauses are random, double at most with each attempt, and end at 5 seconds', async (t) => {
  const pauses = (attempts: number, retryAfterMs = 0) =>
    Array.from({ length: 1_000 }, () => backoffMs(attempts, retryAfterMs));
  for (const [attempts, mostMs] of [
    [1, 100],
    [2, 200],
    [6, 3_200],
    [7, 5_000],
    [5_000, 5_000],
  ] as const) {
    t.ok(Math.min(...pauses(attempts)) < mostMs / 10, `attempt ${attempts}: from 0 on`);
    const longest = Math.max(...pauses(attempts));
    t.ok(longest > mostMs * 0.9 && longest < mostMs, `attempt ${attempts}: to ${mostMs} ms`);
  }
  t.ok(
    pauses(1, 2_000).every((ms) => ms >= 2_000 && ms < 2_100),
    'beyond Retry-After',
  );
});
