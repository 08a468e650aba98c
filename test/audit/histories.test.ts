import t, { type Test } from 'tap';
import { audit, type Difference } from '../../db/books/audit.js';
import { appendMissing } from '../../db/books/missing-events.js';
import { deleteEvents } from '../../src/events/retention.js';
import { startApp, type TestApp } from '../support/app.js';
import { readDifferences } from '../support/books.js';
import { users } from '../support/crowd.js';
import { UNDIVIDED } from '../support/database.js';
import { inWords, readAll } from '../support/events.js';
import { lockAwaited } from '../support/locks.js';

const path = (name: string) => `/api/coupons/${name}`;

/** Repeats every operation on a few coupons, at random, until `isOver`. Returns the number of requests. */
async function operate(app: TestApp, isOver: () => boolean, seed: number): Promise<number> {
  let requests = 0;
  for (let i = seed; !isOver(); i = (i * 48_271) % 2_147_483_647) {
    const name = `coupon-${i % 5}`;
    const user = `user-${(i >> 3) % 12}`;
    const kind = (i >> 8) % 10;
    if (kind === 0) await app.createCoupon(name, 3 + (i % 7));
    else if (kind === 1) await app.request('DELETE', path(name));
    else if (kind === 2) await app.request('PATCH', path(name), { body: { amount: 3 + ((i >> 4) % 9) } });
    else if (kind < 6) await app.request('DELETE', `${path(name)}/claims/${user}`);
    else await app.claim(name, user);
    requests++;
  }
  return requests;
}

t.test(
  'two servers create, change, delete, claim and release: no audit meanwhile finds a difference',
  async (t) => {
    const one = await startApp(t, { shape: UNDIVIDED });
    const two = await startApp(t, { beside: one, settings: { CLAIM_LANES: '3' } });
    let isOver = false;
    const working = Promise.all(
      [11, 222, 3_333, 44_444, 555_555, 6_666_666].map((seed) =>
        operate(seed % 2 ? one : two, () => isOver, seed),
      ),
    );
    for (let i = 0; i < 15; i++) t.strictSame(await readDifferences(one.sql), []);
    isOver = true;
    await working;
    t.strictSame(await readDifferences(one.sql), []);
    const types = await one.sql<{ type: string }[]>`select distinct type from events order by type`;
    t.strictSame(
      types.map(({ type }) => type),
      ['claim.made', 'claim.released', 'coupon.changed', 'coupon.created', 'coupon.deleted'],
    );
  },
);

/** Audits, and returns the report, the differences, and how many events were appended. */
async function auditOf({ sql }: TestApp, isAppending = false) {
  const connection = await sql.reserve();
  const sentences: string[] = [];
  let appended = 0;
  try {
    const report = await audit(connection, {
      isAlone: isAppending,
      onDifferences: async (differences) => {
        sentences.push(...differences.map(({ sentence }) => sentence.replace(/claim \d+/, 'claim N')));
        if (isAppending) appended += await appendMissing((run) => run(sql), differences);
      },
    });
    return { sentences, appended, ...report };
  } finally {
    connection.release();
  }
}

t.test('claims that are older than a log whose beginning was deleted are counted, not named', async (t) => {
  const app = await startApp(t, { shape: UNDIVIDED });
  await app.createCoupon('OLD', 9);
  await app.createCoupon('GONE', 9);
  for (const user of ['ada', 'grace', 'alan', 'eve']) await app.claim('OLD', user);
  await app.request('DELETE', `${path('OLD')}/claims/alan`);
  await app.request('DELETE', path('GONE'));
  await app.sql`update coupons set created_at = now() - interval '3 days'`;
  await app.sql`update claims set created_at = now() - interval '3 days'`;
  await app.sql`
    update released_claims
    set claimed_at = now() - interval '3 days', released_at = now() - interval '3 days'`;
  await app.sql`update events set created_at = now() - interval '3 days'`;
  t.equal(await deleteEvents(app.sql, 2, 1_000), true);
  t.match(await auditOf(app), { sentences: [], coupons: 1, claims: 3, events: 0, olderClaims: 3 });

  await app.request('DELETE', `${path('OLD')}/claims/eve`);
  await app.createCoupon('NEW', 9);
  await app.claim('NEW', 'ada');
  await app.claim('OLD', 'heidi');
  t.match(await auditOf(app), { sentences: [], coupons: 2, claims: 4, events: 4, olderClaims: 2 });

  await app.sql`insert into coupons values ('HAND', 1, 1, now() + interval '1 hour')`;
  await app.sql`
    insert into claims (coupon_name, user_id, created_at) values ('OLD', 'hand', now() + interval '1 hour')`;
  t.match(await auditOf(app), {
    sentences: [
      'HAND: the coupon is in the tables, and not in the log',
      'OLD: 3 units are taken, 4 claims exist',
      'OLD: claim N of hand is in the tables, and not in the log',
    ],
    olderClaims: 2,
  });
});

t.test('what the log lacks is appended once, and consumers get it', async (t) => {
  const app = await startApp(t, { shape: UNDIVIDED });
  await app.createCoupon('SUMMER', 1_000);
  await app.claim('SUMMER', 'early');
  const hands = users(150);
  await app.sql`
    insert into claims (coupon_name, user_id) select 'SUMMER', name from unnest(${hands}::text[]) as name`;
  await app.sql`update coupons set amount = 2000, remaining_amount = 1849, ends_at = '2100-01-01'`;
  await app.sql`insert into coupons values ('HAND', 5, 4)`;
  await app.sql`insert into claims (coupon_name, user_id) values ('HAND', 'ada')`;
  // The log has claims of a coupon whose creation it lacks.
  await app.claim('HAND', 'eve');
  await app.claim('HAND', 'alan');
  await app.request('DELETE', `${path('HAND')}/claims/alan`);
  await app.claim('SUMMER', 'late');
  const before = await readAll(app);

  const audits = await Promise.all([auditOf(app, true), auditOf(app, true)]);
  const counts = audits.map(({ differences, appended }) => [differences, appended]);
  t.strictSame(
    counts.sort(),
    [
      [0, 0],
      [153, 153],
    ],
    'one audit waits for the other',
  );
  t.match(await auditOf(app), { sentences: [], coupons: 2, claims: 154 });
  const events = (await readAll(app)).slice(before.length);
  t.strictSame(events.map(inWords).sort(), [
    'claim.made HAND ada',
    ...hands.map((user) => `claim.made SUMMER ${user}`).sort(),
    'coupon.changed SUMMER',
    'coupon.created HAND',
  ]);
  t.match(events.find(({ type }) => type === 'coupon.changed')?.data, {
    amount: 2000,
    ends_at: '2100-01-01T00:00:00.000Z',
    before: { amount: 1000 },
  });
  await app.claim('HAND', 'last');
  await app.request('DELETE', `${path('HAND')}/claims/ada`);
  await app.request('DELETE', `${path('SUMMER')}/claims/${hands[0]}`);
  t.match(await auditOf(app), { sentences: [] }, 'also after what follows');
});

/** Plants a coupon and a claim by hand, and locks the coupon while what the log lacks is appended. */
async function appendBehind(t: Test, change: string) {
  const app = await startApp(t, { shape: UNDIVIDED });
  await app.sql`insert into coupons values ('HAND', 5, 4)`;
  await app.sql`insert into claims (coupon_name, user_id) values ('HAND', 'ada')`;
  const found: Difference[] = [];
  const connection = await app.sql.reserve();
  await audit(connection, { onDifferences: (differences) => void found.push(...differences) });
  t.equal(found.length, 2);
  await connection`begin`;
  await connection`select from coupons for update`;
  const appending = Promise.all(found.map((each) => appendMissing((run) => run(app.sql), [each])));
  await lockAwaited(app.sql, 2);
  await connection.unsafe(change);
  await connection`commit`;
  connection.release();
  return { app, counts: await appending };
}

t.test('a coupon that changes, and a claim that is released, before the lock are not appended', async (t) => {
  const { counts } = await appendBehind(
    t,
    `delete from claims; update coupons set amount = 6, remaining_amount = 6`,
  );
  t.strictSame(counts, [0, 0]);
});

t.test('claims that are made before the lock change nothing', async (t) => {
  const { app, counts } = await appendBehind(
    t,
    `insert into claims (coupon_name, user_id) values ('HAND', 'eve'); update coupons set remaining_amount = 3`,
  );
  t.strictSame(counts, [1, 1]);
  t.match(await auditOf(app), { sentences: ['HAND: claim N of eve is in the tables, and not in the log'] });
});

t.test('a coupon that is deleted and created again counts its releases anew', async (t) => {
  const app = await startApp(t, { shape: UNDIVIDED });
  await app.createCoupon('AGAIN', 5);
  await app.claim('AGAIN', 'ada');
  await app.request('DELETE', `${path('AGAIN')}/claims/ada`);
  // The service does so only if the deletion waits for the lock while the claim is made and released.
  await app.sql`
    with deleted_coupon as (delete from coupons returning name)
    insert into events (type, coupon_names) select 'coupon.deleted', array[name] from deleted_coupon`;
  t.match(await auditOf(app), { sentences: [], coupons: 0 });
  await app.createCoupon('AGAIN', 5);
  await app.claim('AGAIN', 'ada');
  t.match(await auditOf(app), { sentences: [], coupons: 1, claims: 1 });
});
