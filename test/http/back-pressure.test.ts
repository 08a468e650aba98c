import t, { type Test } from 'tap';
import { startApp, type TestApp } from '../support/app.js';
import { lockAwaited, lockCoupon } from '../support/locks.js';
import { openRawConnection } from '../support/raw-connection.js';
import { claimBytes } from '../support/raw-requests.js';

/** One claim runs and waits for a lock, and one waits behind it. There is no room for more. */
async function startFull(t: Test): Promise<{ app: TestApp; empty: () => Promise<void> }> {
  const app = await startApp(t, { settings: { CLAIMS_WAITING_MAX: '1', CLAIM_LANES: '1' } });
  await app.createCoupon('A', 100);
  const release = await lockCoupon(t, app.sql, 'A');
  const running = app.claim('A', 'running');
  await lockAwaited(app.sql);
  const waiting = app.claim('A', 'waiting');
  await app.request('GET', '/health');
  const empty = async () => {
    await release();
    t.equal((await running).status, 200);
    t.equal((await waiting).status, 200);
  };
  return { app, empty };
}

/** A client that was refused, and asks again at once over the same connection. */
async function askAgain(t: Test, { url }: TestApp, user: string, headers: string[] = []) {
  const connection = openRawConnection(url);
  t.teardown(() => connection.socket.destroy());
  connection.send(claimBytes('A', user, headers));
  const [refusal] = await connection.answered(1);
  t.equal(refusal?.status, 503);
  const askedAt = performance.now();
  connection.send(claimBytes('A', user, headers));
  return {
    retryAfterMs: Number(refusal?.headers.get('retry-after')) * 1_000,
    /** Of the second request. */
    answer: connection.answered(2).then(([, answer]) => answer),
    waitedMs: () => performance.now() - askedAt,
  };
}

t.test(
  'a client that is refused and asks again at once is heard in its turn: when there is room',
  async (t) => {
    const { app, empty } = await startFull(t);
    const clients = [await askAgain(t, app, 'first'), await askAgain(t, app, 'second')];
    await empty();
    for (const { answer } of clients) t.equal((await answer)?.status, 200);
    t.same((await app.getCoupon('A')).claimed_by, ['running', 'waiting', 'first', 'second']);
  },
);

t.test('without room, it is heard when Retry-After is over, and refused again', async (t) => {
  const { app, empty } = await startFull(t);
  const { answer, retryAfterMs, waitedMs } = await askAgain(t, app, 'ada');
  t.equal((await answer)?.status, 503);
  t.ok(retryAfterMs > 0);
  // Timers of Node.js may be early by a millisecond.
  t.ok(waitedMs() >= retryAfterMs - 50, `${waitedMs()} ms`);
  await empty();
});

t.test('other clients are heard meanwhile', async (t) => {
  const { app, empty } = await startFull(t);
  const { answer } = await askAgain(t, app, 'ada');
  t.equal((await app.request('GET', '/api/coupons/A')).status, 200);
  await empty();
  t.equal((await answer)?.status, 200);
});

t.test('a proxy is heard at once: its connection carries the requests of many', async (t) => {
  const { app, empty } = await startFull(t);
  /** A machine may be busy for a second, but not each time. */
  const isHeardAtOnce = async (header: string) => {
    for (let attempt = 0; attempt < 5; attempt++) {
      const { answer, retryAfterMs, waitedMs } = await askAgain(t, app, 'ada', [header]);
      t.equal((await answer)?.status, 503);
      if (waitedMs() < retryAfterMs) return true;
    }
    return false;
  };
  for (const header of ['X-Forwarded-For: 192.0.2.1', 'Forwarded: for=192.0.2.1', 'Via: 1.1 proxy']) {
    t.ok(await isHeardAtOnce(header), header);
  }
  await empty();
});
