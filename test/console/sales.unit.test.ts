import t from 'tap';
import type { Coupon, LogEvent } from '../../src/console/api.js';
import { LATEST_MAX, Sales } from '../../src/console/sales.js';

const NOW = Date.UTC(2026, 6, 1, 12);
const SECOND = NOW / 1000;

const coupon = (name: string, remaining_amount = 5, rest: Partial<Coupon> = {}): Coupon => ({
  name,
  amount: 5,
  remaining_amount,
  state: 'open',
  ...rest,
});

let number = 0;
function event(type: string, name: string, user?: string): LogEvent {
  number += 1;
  const data = user ? { coupon_name: name, user_id: user, claim_number: number } : { name, amount: 5 };
  const time = new Date(NOW).toISOString();
  return {
    specversion: '1.0',
    id: `1-ab-${number}-0`,
    source: '/api/coupons',
    type,
    subject: name,
    time,
    datacontenttype: 'application/json',
    data,
  };
}

t.test('an event changes no number: it makes its coupon stale', async (t) => {
  const sales = new Sales();
  sales.put(coupon('A'), NOW);
  sales.put(coupon('B'), NOW);
  sales.apply([event('claim.made', 'A', 'ada'), event('coupon.created', 'C')]);
  t.equal(sales.get('A')?.coupon.remaining_amount, 5);
  t.same([...sales.stale], ['A', 'C']);
  sales.put(coupon('A', 4), NOW);
  t.equal(sales.get('A')?.coupon.remaining_amount, 4);
  sales.apply([event('something.new', 'B')]);
  t.ok(sales.stale.has('B'), 'also an event of a type that the page does not know');
});

t.test('claims count in their second, of their coupon and of all; releases do not', async (t) => {
  const sales = new Sales();
  sales.put(coupon('A'), NOW);
  sales.apply([
    event('claim.made', 'A', 'ada'),
    event('claim.made', 'A', 'grace'),
    event('claim.released', 'A', 'ada'),
    event('claim.made', 'UNKNOWN', 'joan'),
  ]);
  t.equal(sales.claimsIn(SECOND, 'A'), 2);
  t.equal(sales.claimsIn(SECOND, 'UNKNOWN'), 0);
  t.equal(sales.claimsIn(SECOND), 3);
});

t.test('the latest claims are the last few, with releases', async (t) => {
  const sales = new Sales();
  sales.put(coupon('A'), NOW);
  for (let i = 0; i < LATEST_MAX + 5; i++) sales.apply([event('claim.made', 'A', `user-${i}`)]);
  sales.apply([event('claim.released', 'A', 'user-3')]);
  const { latest } = sales.get('A')!;
  t.equal(latest.length, LATEST_MAX);
  t.same(latest.at(-1), { userId: 'user-3', atMs: NOW, isReleased: true });
});

t.test('holders from before come in front, each once', async (t) => {
  const sales = new Sales();
  sales.put(coupon('A'), NOW);
  sales.apply([event('claim.made', 'A', 'grace')]);
  const claim = (userId: string) => ({ userId, atMs: NOW - 5, isReleased: false });
  sales.recall('A', [claim('ada'), claim('grace')]);
  sales.recall('B', [claim('ada')]);
  t.same(
    sales.get('A')?.latest.map(({ userId }) => userId),
    ['ada', 'grace'],
  );
});

t.test('a holder whose claim comes over the log later stands there once', async (t) => {
  const sales = new Sales();
  sales.put(coupon('A'), NOW);
  sales.recall('A', [{ userId: 'grace', atMs: NOW, isReleased: false }]);
  sales.apply([event('claim.made', 'A', 'grace'), event('claim.released', 'A', 'grace')]);
  t.same(
    sales.get('A')?.latest.map(({ isReleased }) => isReleased),
    [false, true],
  );
});

t.test('names are in order, and removed coupons are gone', async (t) => {
  const sales = new Sales();
  for (const name of ['B', 'a', 'C', 'A']) sales.put(coupon(name), NOW);
  t.same(sales.names, ['A', 'B', 'C', 'a']);
  sales.remove('B');
  sales.remove('none');
  t.same(sales.names, ['A', 'C', 'a']);
});

t.test('a coupon is stale when its start or its end has come, until the server says so', async (t) => {
  const at = (ms: number) => new Date(NOW + ms).toISOString();
  const sales = new Sales();
  sales.put(coupon('COMES', 5, { state: 'scheduled', starts_at: at(1_000) }), NOW);
  sales.put(coupon('ENDS', 5, { ends_at: at(1_000) }), NOW);
  sales.put(coupon('ENDED', 5, { state: 'ended', ends_at: at(-1_000) }), NOW);
  sales.put(coupon('STAYS'), NOW);
  sales.expire(NOW + 999);
  t.same([...sales.stale], []);
  sales.expire(NOW + 1_000);
  t.same([...sales.stale], ['COMES', 'ENDS']);
});

t.test('the history of a coupon has its stock as the server answered it', async (t) => {
  const sales = new Sales();
  sales.put(coupon('A', 5), NOW);
  t.equal(sales.get('A')?.history, undefined, 'none while nothing happens');
  sales.put(coupon('A', 3), NOW);
  const series = sales.get('A')?.history?.series(SECOND - 1, SECOND);
  t.same(series?.stock, [5, 3]);
  sales.forgetNews();
  t.equal(sales.get('A')?.history, undefined);
  t.equal(sales.get('A')?.coupon.remaining_amount, 3, 'what is known stays');
});

t.test('claims of coupons beyond those that the page keeps make it read none of them', async (t) => {
  const sales = new Sales();
  sales.isCut = true;
  sales.apply([event('claim.made', 'FAR', 'ada'), event('coupon.changed', 'NEAR')]);
  t.same([...sales.stale], ['NEAR']);
});
