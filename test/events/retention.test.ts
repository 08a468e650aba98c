import t from 'tap';
import { deleteEvents } from '../../src/events/retention.js';
import { startApp } from '../support/app.js';
import { createDatabase, UNDIVIDED } from '../support/database.js';
import { inWords, readAll, readPage } from '../support/events.js';
import { until } from '../support/until.js';

t.test('EVENTS_KEEP_DAYS: older events are deleted, in steps, and their cursors expire', async (t) => {
  const app = await startApp(t);
  await app.sql`
    insert into events (type, coupon_names, created_at)
    select 'coupon.deleted', array['OLD'], now() - interval '49 hours' from generate_series(1, 250)`;
  await app.createCoupon('NEW', 1);
  const { next_cursor: old } = await readPage(app, { limit: 10 });
  const { next_cursor: last } = await readPage(app, { limit: 250 });
  const keeper = await startApp(t, { beside: app, settings: { EVENTS_KEEP_DAYS: '2' } });
  await until('the end of the old events', async () => {
    const [row] = await app.sql<{ id: string }[]>`select deleted_id as id from event_log`;
    return Number(row?.id) === 250;
  });
  for (const server of [app, keeper]) {
    t.equal((await server.request('GET', `/api/events?after=${old}`)).status, 410);
    t.same((await readAll(server)).map(inWords), ['coupon.created NEW']);
    t.same(
      (await readAll(server, last)).map(inWords),
      ['coupon.created NEW'],
      'nothing behind it is missing',
    );
  }
  const [row] = await app.sql`select count(*)::int from events`;
  t.same(row, { count: 1 });
});

t.test('nothing is deleted that is young, unsettled, or behind an event that stays', async (t) => {
  const { sql } = await createDatabase(t, { shape: UNDIVIDED });
  for (const hours of [50, 50, 10, 50]) {
    await sql`insert into events (type, coupon_names, created_at)
      values ('coupon.deleted', array['A'], now() - make_interval(hours => ${hours}))`;
  }
  const ids = async () =>
    (await sql<{ id: string }[]>`select id from events order by id`).map(({ id }) => Number(id));
  t.equal(await deleteEvents(sql, 2, 1), true);
  t.same(await ids(), [2, 3, 4], 'only the settled ones');
  t.equal(await deleteEvents(sql, 2, 4), true);
  t.same(await ids(), [3, 4]);
  t.equal(await deleteEvents(sql, 2, 4), false);
  t.same(await sql`select deleted_id::int from event_log`, [{ deleted_id: 2 }]);
});

t.test('several processes do not delete at the same time', async (t) => {
  const { sql } = await createDatabase(t, { shape: UNDIVIDED });
  await sql`insert into events (type, coupon_names, created_at)
    select 'coupon.deleted', array['A'], now() - interval '3 days' from generate_series(1, 1000)`;
  const first = await sql.reserve();
  await first`begin`;
  t.equal(await deleteEvents(first, 2, 1000), true);
  t.equal(await deleteEvents(sql, 2, 1000), false, 'another one leaves it to the first');
  await first`commit`;
  first.release();
  t.equal(await deleteEvents(sql, 2, 1000), true);
  t.same(await sql`select deleted_id::int from event_log`, [{ deleted_id: 200 }]);
});

t.test('by default, events stay for ever, and an error of the deletion is logged', async (t) => {
  const app = await startApp(t);
  await app.sql`insert into events (type, coupon_names, created_at)
    values ('coupon.deleted', array['A'], '2000-01-01')`;
  await app.sql`alter table events alter column created_at type text`;
  const keeper = await startApp(t, { beside: app, settings: { EVENTS_KEEP_DAYS: '1' } });
  await until('the error', () => keeper.log.some(({ msg }) => msg === 'old events were not deleted'));
  t.notOk(app.log.some(({ msg }) => msg === 'old events were not deleted'));
  t.same(await app.sql`select count(*)::int from events`, [{ count: 1 }]);
});
