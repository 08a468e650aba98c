import { once } from 'node:events';
import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { startApp, type TestApp } from '../support/app.js';
import { until } from '../support/until.js';

const LIST = '/api/coupons/SUMMER/claims';
const NDJSON = 'application/x-ndjson';
const CSV = 'text/csv';

/** A coupon whose claims are more than the buffers of a connection hold. */
async function startWithManyClaims(t: Test) {
  const app = await startApp(t);
  await app.sql`insert into coupons values ('SUMMER', 200000, 100000)`;
  await app.sql`
    insert into claims (user_id, coupon_name)
    select repeat('x', 200) || number, 'SUMMER' from generate_series(1, 100000) as number`;
  return app;
}

for (const accept of [NDJSON, CSV]) {
  const open = async (app: TestApp) => {
    const [response] = await once(get(app.url + LIST, { headers: { accept } }), 'response');
    if (response.statusCode !== 200) throw new Error(`the answer is ${response.statusCode}`);
    return response;
  };
  /** Whether a connection reads a long answer: its last statement fetched a page. */
  const isReading = async (app: TestApp) => {
    const sessions = await app.sql`
      select from pg_stat_activity
      where datname = current_database() and query like 'fetch %'`;
    return sessions.length > 0;
  };

  t.test(`${accept}: a stream shows one moment, whatever changes meanwhile`, async (t) => {
    const app = await startWithManyClaims(t);
    const response = await open(app);
    await app.claim('SUMMER', 'late');
    await app.sql`delete from claims where user_id like '%0'`;
    const lines = (await text(response)).trimEnd().split('\n');
    t.equal(lines.length, accept === CSV ? 100_001 : 100_000);
    t.notOk(lines.at(-1)?.includes('late'));
  });

  t.test(`${accept}: a stream whose database connection breaks is cut off, never ended`, async (t) => {
    const app = await startWithManyClaims(t);
    const response = await open(app);
    await app.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'scalable-coupon-system'`;
    await t.rejects(text(response), { code: 'ECONNRESET' });
  });

  t.test(
    `${accept}: a reader that takes nothing for 5 seconds is cut off, and frees its connection`,
    async (t) => {
      const app = await startWithManyClaims(t);
      const response = await open(app);
      t.ok(await isReading(app));
      await until('the connection is free', async () => !(await isReading(app)));
      await t.rejects(text(response), { code: 'ECONNRESET' });
    },
  );

  t.test(`${accept}: readers that disconnect free their database connections`, async (t) => {
    const app = await startWithManyClaims(t);
    for (let reader = 0; reader < 30; reader++) {
      const request = get(app.url + LIST, { headers: { accept } });
      const [response] = await once(request, 'response');
      t.equal(response.statusCode, 200, 'a connection was free for this reader');
      if (reader % 2) await once(response, 'readable');
      request.destroy();
    }
    await until('all connections are free', async () => !(await isReading(app)));
  });
}
