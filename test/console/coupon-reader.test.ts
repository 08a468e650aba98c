import t from 'tap';
import { Api } from '../../src/console/api.js';
import { CouponReader } from '../../src/console/coupon-reader.js';
import { COUPONS_MAX, Sales } from '../../src/console/sales.js';
import { ServerClock } from '../../src/console/server-clock.js';
import { startApp } from '../support/app.js';
import { until } from '../support/until.js';

t.test('a coupon behind the end of a list that is cut is read again when it changes', async (t) => {
  const app = await startApp(t);
  await app.sql`
    insert into coupons (name, amount, remaining_amount)
    select 'C' || lpad(i::text, 5, '0'), 10, 10 from generate_series(0, ${COUPONS_MAX}::int) as i`;
  const clock = new ServerClock();
  const sales = new Sales();
  const reader = new CouponReader(new Api(app.url, clock), sales, clock, () => {});
  t.teardown(() => reader.stop());
  const last = `C${COUPONS_MAX}`;
  sales.stale.add(last);
  reader.readStale();
  await until('the last coupon', () => sales.get(last));
  reader.readAll();
  await until('a list that is cut', () => sales.isCut);

  await app.sql`update coupons set remaining_amount = 0`;
  for (const name of [...sales.names.slice(0, 10), last]) sales.stale.add(name);
  reader.readStale();
  t.ok(await until('its new stock', () => sales.get(last)?.coupon.remaining_amount === 0));
});

t.test('a small limit of requests delays the reading, and does not prevent it', async (t) => {
  const app = await startApp(t, { settings: { RATE_LIMIT_PER_SECOND: '2' } });
  await app.sql`
    insert into coupons (name, amount, remaining_amount)
    select 'C' || i, 10, 10 from generate_series(1, 3500) as i`;
  const clock = new ServerClock();
  const sales = new Sales();
  const reader = new CouponReader(new Api(app.url, clock), sales, clock, () => {});
  t.teardown(() => reader.stop());
  reader.readAll();
  await until('all pages', () => sales.names.length === 3_500);

  await app.sql`update coupons set remaining_amount = 0`;
  const names = sales.names.slice(0, 8);
  for (const name of names) sales.stale.add(name);
  reader.readStale();
  await until('all of them', () => names.every((name) => sales.get(name)?.coupon.remaining_amount === 0));
});
