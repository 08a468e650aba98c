import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { createDatabase } from '../support/database.js';
import { lockAwaited } from '../support/locks.js';
import { startService } from '../support/process.js';
import { startProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

/** The number of the lock under which migrations are applied. */
const MIGRATION_LOCK = 0x636f75706f6e;
const HOLDERS = 100_000;

for (const pooler of ['false', 'true']) {
  t.test(
    `DATABASE_POOLER=${pooler}: connections break during a claim and a create, and the claim is made`,
    async (t) => {
      const { url, sql } = await createDatabase(t);
      const proxy = await startProxy(t, url);
      const service = startService(t, { DATABASE_URL: proxy.url, DATABASE_POOLER: pooler });
      const client = await service.listening();
      await client.createCoupon('SUMMER', 5);
      const other = await sql.reserve();
      await other`begin`;
      await other`select from coupons for update`;
      await other`insert into coupons values ('WINTER', 5, 5)`;
      const claim = client.claim('SUMMER', 'ada');
      const create = client.createCoupon('WINTER', 5);
      await lockAwaited(sql, 2);
      proxy.cut();
      await other`rollback`;
      other.release();
      t.equal((await claim).status, 200);
      t.equal((await create).status, 503);
      t.same((await client.getCoupon('SUMMER')).claimed_by, ['ada']);
      t.equal(await service.stop(), 0);
    },
  );

  t.test(
    `DATABASE_POOLER=${pooler}: a connection breaks while a slow reader has half of an answer, and the service goes on`,
    async (t) => {
      const { url, sql } = await createDatabase(t);
      const proxy = await startProxy(t, url);
      await sql`insert into coupons values ('HUGE', ${2 * HOLDERS}, ${HOLDERS})`;
      await sql`
        insert into claims (user_id, coupon_name)
        select repeat('x', 200) || number, 'HUGE' from generate_series(1, ${HOLDERS}::int) as number`;
      const service = startService(t, { DATABASE_URL: proxy.url, DATABASE_POOLER: pooler });
      const client = await service.listening();
      const [response] = (await once(get(`${client.url}/api/coupons/HUGE`), 'response')) as [IncomingMessage];
      // It has sent a page, and waits until somebody wants the next one.
      await until('a session that waits', async () => {
        const [row] = await sql<{ waits: boolean }[]>`
          select count(*) > 0 as waits from pg_stat_activity
          where datname = current_database() and query like 'fetch %' and wait_event = 'ClientRead'
            and state_change < clock_timestamp() - interval '300 ms'`;
        return row?.waits;
      });
      proxy.cut();
      await t.rejects(text(response), 'the answer is cut off, not ended as if it were complete');
      t.equal((await client.getCoupon('HUGE')).claimed_by.length, HOLDERS, 'the next answer is complete');
      t.equal(await service.stop(), 0);
    },
  );
}

t.test('a connection breaks during the migrations, and the service applies them later', async (t) => {
  const { url, sql } = await createDatabase(t, { migrated: false });
  const proxy = await startProxy(t, url);
  const other = await sql.reserve();
  await other`select pg_advisory_lock(${MIGRATION_LOCK})`;
  const service = startService(t, { DATABASE_URL: proxy.url });
  await lockAwaited(sql);
  proxy.cut();
  await service.logged('waiting for the database');
  await other`select pg_advisory_unlock(${MIGRATION_LOCK})`;
  other.release();
  await service.logged('the database is ready');
  t.equal((await (await service.listening()).createCoupon('SUMMER', 5)).status, 201);
  t.equal(await service.stop(), 0);
});
