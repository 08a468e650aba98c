import t from 'tap';
import { startApp } from '../support/app.js';
import { coupons, users } from '../support/crowd.js';

t.test(
  'a process opens at most DATABASE_CONNECTIONS_MAX connections, for all purposes together',
  async (t) => {
    const max = 8;
    const app = await startApp(t, { settings: { DATABASE_CONNECTIONS_MAX: String(max), CLAIM_LANES: '3' } });
    await app.sql`insert into coupons values ('HUGE', 200000, 150000)`;
    await app.sql`
    insert into claims (user_id, coupon_name)
    select number, 'HUGE' from generate_series(1, 50000) as number`;
    const names = coupons(40);
    let most = 0;
    let isOver = false;
    const watching = (async () => {
      while (!isOver) {
        const [row] = await app.sql<{ count: number }[]>`
        select count(*)::int as count from pg_stat_activity
        where datname = current_database() and application_name = 'scalable-coupon-system'`;
        most = Math.max(most, row?.count ?? 0);
      }
    })();
    await Promise.all(names.map((name) => app.createCoupon(name, 10)));
    await Promise.all([
      ...names.flatMap((name) => users(5).map((user) => app.claim(name, user))),
      ...users(20).map(() => app.getCoupon('HUGE')),
      ...names.map((name) => app.getCoupon(name)),
      ...names.map((name) => app.createCoupon(`${name}-later`, 10)),
      ...users(20).map(() => app.request('GET', '/health')),
    ]);
    isOver = true;
    await watching;
    // One of them is for the migrations at the start, which this application does not run.
    t.equal(most, max - 1);
  },
);
