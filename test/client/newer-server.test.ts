import t from 'tap';
import { type CouponEvent, createClient, isEvent } from '../../clients/typescript/src/index.js';
import { startApp } from '../support/app.js';
import { type Move, problem, startFront } from './front.js';

/** Adds fields to each object, and takes other states and types of events. */
function fromTheFuture(body: string): string {
  if (!body.startsWith('{')) return body;
  const newer = JSON.parse(body, (_, value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { ...value, new_field: [1] }
      : value,
  );
  return JSON.stringify(newer)
    .replaceAll('"open"', '"paused"')
    .replaceAll('"coupon.changed"', '"coupon.paused"');
}

t.test('fields, states, events, codes and problem members of a newer server break nothing', async (t) => {
  const app = await startApp(t);
  let move: Move = 'pass';
  const front = await startFront(t, app.url, () => move, fromTheFuture);
  const client = createClient({ baseUrl: front.url });
  await client.createCoupon({ name: 'SUMMER', amount: 5 });
  t.match(await client.changeCoupon('SUMMER', { amount: 6 }), { amount: 6, state: 'paused' });
  t.match(await client.claim('SUMMER', 'ada'), { ok: true });
  t.match(await client.getCoupon('SUMMER'), { state: 'paused', claimed_by: ['ada'], new_field: [1] });
  t.match(await client.listCoupons().next(), { value: { name: 'SUMMER', state: 'paused' } });
  const events: CouponEvent[] = [];
  for await (const event of client.events({ follow: false })) events.push(event);
  t.same(
    events.map(({ type }) => type),
    ['coupon.created', 'coupon.paused', 'claim.made'],
  );
  t.notOk(events.some((event) => isEvent(event, 'coupon.changed')));
  t.match(await client.claim('SUMMER', 'ada'), {
    ok: false,
    code: 'already_claimed',
    problem: { new_field: [1] },
  });

  move = problem(409, 'one_per_household', {}, { limit: 1 });
  t.match(await client.claim('SUMMER', 'grace'), {
    ok: false,
    code: 'one_per_household',
    problem: { limit: 1 },
  });
  move = problem(402, 'payment_required');
  await t.rejects(client.claim('SUMMER', 'grace'), { code: 'payment_required', status: 402 });
  move = problem(503, 'under_maintenance', { 'retry-after': '60' });
  await t.rejects(client.claim('SUMMER', 'grace'), { code: 'under_maintenance', outcomeUnknown: true });
});
