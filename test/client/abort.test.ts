import t, { type Test } from 'tap';
import { createClient } from '../../clients/typescript/src/index.js';
import { startApp } from '../support/app.js';
import { until } from '../support/until.js';
import { type Move, problem, startFront } from './front.js';

async function startClient(t: Test, move: Move) {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  await app.createCoupon('WINTER', 5);
  const front = await startFront(t, app.url, () => move);
  const client = createClient({ baseUrl: front.url, timeoutMs: 100_000, deadlineMs: 200_000 });
  return { app, front, client };
}

const reason = new Error('the user left');

t.test('an abort ends an operation at once, with the reason of its signal', async (t) => {
  const { client, front } = await startClient(t, 'hold');
  const signal = AbortSignal.abort(reason);
  await t.rejects(client.claim('SUMMER', 'ada', { signal }), reason);
  await t.rejects(client.listCoupons({ signal }).next(), reason);
  await t.rejects(client.events({ signal }).next(), reason);
  t.equal(front.requests.length, 0, 'nothing was sent');

  const abort = new AbortController();
  const during = { signal: abort.signal };
  const operations: Promise<unknown>[] = [
    client.claim('SUMMER', 'ada', during),
    client.createCoupon({ name: 'X', amount: 1 }, during),
    client.getCoupon('SUMMER', during),
    client.changeCoupon('SUMMER', { amount: 9 }, during),
    client.deleteCoupon('SUMMER', during),
    client.releaseClaim('SUMMER', 'ada', during),
    client.getClaim('SUMMER', 'ada', during),
    client.listClaims('SUMMER', during).next(),
    client.listUserClaims('ada', during).next(),
    client.events(during).next(),
  ];
  const rejected = operations.map((operation) => t.rejects(operation, reason));
  await until('the requests', () => front.requests.length === operations.length);
  abort.abort(reason);
  await Promise.all(rejected);
});

t.test('an abort ends the pause before the next attempt', async (t) => {
  const { client, front } = await startClient(t, problem(503, 'overloaded', { 'retry-after': '60' }));
  const abort = new AbortController();
  const rejected = t.rejects(client.claim('SUMMER', 'ada', { signal: abort.signal }), reason);
  await until('the first attempt', () => front.requests.length === 1);
  abort.abort(reason);
  await rejected;
  t.equal(front.requests.length, 1);
});

t.test('an abort ends a list and the events within a page', async (t) => {
  const { client } = await startClient(t, 'pass');
  const readers: ((options: { signal: AbortSignal }) => AsyncGenerator)[] = [
    client.listCoupons,
    client.events,
  ];
  for (const read of readers) {
    const abort = new AbortController();
    const items = read({ signal: abort.signal });
    t.match(await items.next(), { done: false });
    abort.abort(reason);
    await t.rejects(items.next(), reason);
  }
});

t.test('an operation leaves nothing behind at a signal that lives on', async (t) => {
  const { client } = await startClient(t, 'pass');
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...given: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, given);
  };
  signal.removeEventListener = (...given: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, given);
  };
  await client.claim('SUMMER', 'ada', { signal });
  t.equal(listeners, 0);
});
