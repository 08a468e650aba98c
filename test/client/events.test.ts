import t from 'tap';
import { type CouponEvent, createClient, isEvent } from '../../clients/typescript/src/index.js';
import { startApp } from '../support/app.js';
import { checkedFetch } from '../support/checked-fetch.js';
import { users } from '../support/crowd.js';
import { UNDIVIDED } from '../support/database.js';
import { readAll } from '../support/events.js';
import { until } from '../support/until.js';
import { type Move, startFront } from './front.js';

async function all(events: AsyncIterable<CouponEvent>): Promise<CouponEvent[]> {
  const found: CouponEvent[] = [];
  for await (const event of events) found.push(event);
  return found;
}

t.test('the log is read from the beginning, or from behind any event, to its end', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 10);
  for (const user of users(10)) await app.claim('SUMMER', user);
  const client = createClient({ baseUrl: app.url, fetch: checkedFetch(t) });
  const whole = await all(client.events({ follow: false, pageSize: 3 }));
  t.same(whole, await readAll(app));
  for (const [i, { id, cursor }] of whole.entries())
    t.same(await all(client.events({ after: cursor ?? id, follow: false })), whole.slice(i + 1));
  const holders = whole.flatMap((event) => (isEvent(event, 'claim.made') ? [event.data.user_id] : []));
  t.same(holders, users(10));
});

t.test('who follows the log gets each event once and in order, over connections that break', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 1_000);
  const moves: Move[] = ['pass', 'cut before', 'cut within', 'pass', 'cut after'];
  const front = await startFront(t, app.url, (number) => moves[number % moves.length]!);
  const client = createClient({ baseUrl: front.url, timeoutMs: 100_000 });
  const abort = new AbortController();
  const seen: CouponEvent[] = [];
  const following = (async () => {
    for await (const event of client.events({ signal: abort.signal, pageSize: 10 })) seen.push(event);
  })();
  for (const user of users(100)) await app.claim('SUMMER', user);
  await until('the events', () => seen.length >= 101);
  await app.claim('SUMMER', 'last');
  await until('one more', () => seen.length > 101);
  abort.abort(new Error('enough'));
  await t.rejects(following, { message: 'enough' });
  t.same(seen, await readAll(app));
});

t.test('a cursor that has expired ends the events with this code', async (t) => {
  const app = await startApp(t, { shape: UNDIVIDED });
  await app.createCoupon('SUMMER', 10);
  const client = createClient({ baseUrl: app.url, fetch: checkedFetch(t) });
  const expired = { code: 'cursor_expired', status: 410, outcomeUnknown: false };
  await t.rejects(client.events({ after: '1-ab-7-0' }).next(), expired);
  const events = client.events();
  await events.next();
  await app.sql`update event_log set epoch = default`;
  await t.rejects(events.next(), expired);
});

t.test('a deadline ends the wait for a server that stays away; without one it is endless', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 10);
  let move: Move = 'cut before';
  const front = await startFront(t, app.url, () => move);
  const client = createClient({ baseUrl: front.url, deadlineMs: 50 });
  await t.rejects(client.events({ deadlineMs: 200 }).next(), { code: 'no_answer' });
  const next = client.events().next();
  const tried = front.requests.length;
  await until('attempts beyond the deadline of other operations', () => front.requests.length > tried + 3);
  move = 'pass';
  t.match(await next, { value: { type: 'coupon.created' } });
});

t.test('a server that does not wait is not asked all the time', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 10);
  const [event] = await readAll(app);
  const after = event!.cursor ?? event!.id;
  const empty = { items: [], next_cursor: after };
  const front = await startFront(t, app.url, (number) =>
    number > 3 ? 'pass' : { status: 200, headers: { 'content-type': 'application/json' }, body: empty },
  );
  const client = createClient({ baseUrl: front.url });
  const next = client.events({ after }).next();
  await until('the wait at the server', () => front.requests.length > 3);
  await app.claim('SUMMER', 'ada');
  t.match(await next, { value: { type: 'claim.made' } });
  t.equal(front.requests.length, 4);
  t.match(front.requests[0]?.path, 'wait=20');
});
