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
