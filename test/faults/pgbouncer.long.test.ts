import t from 'tap';
import { problemIn } from '../support/app.js';
import { users } from '../support/crowd.js';
import { temporaryFolder } from '../support/own-postgres.js';
import { startService } from '../support/process.js';
import { hasPgbouncer, startPgbouncer } from './rig/pgbouncer.js';
import { ROLE, type Template } from './rig/postgres-node.js';
import { createNode, createTemplate } from './rig/template.js';

const skip = hasPgbouncer ? false : 'pgbouncer is not on this machine';
const HOLDERS = 5_000;
const template = hasPgbouncer ? await createTemplate(t) : undefined;

for (const mode of ['session', 'transaction'] as const) {
  t.test(
    `pgbouncer in ${mode} mode: claims, long reads, time-outs and a restart work`,
    { skip },
    async (t) => {
      const node = await createNode(t, 'A', template as Template, await temporaryFolder(t));
      await node.start();
      const pgbouncer = await startPgbouncer(t, node.url, mode);

      const service = startService(t, {
        DATABASE_URL: pgbouncer.url,
        DATABASE_POOLER: 'true',
        CLAIM_LANES: '2',
        LOCK_TIMEOUT_MS: '200',
      });
      const client = await service.listening();
      await client.createCoupon('SUMMER', 100);
      const answers = await Promise.all(users(200).map((user) => client.claim('SUMMER', user)));
      const statuses = answers.map(({ status }) => status);
      t.equal(statuses.filter((status) => status === 200).length, 100);
      t.equal(statuses.filter((status) => status === 400).length, 100);
      t.equal(new Set((await client.getCoupon('SUMMER')).claimed_by).size, 100);

      await node.ask(async (sql) => {
        await sql`insert into coupons values ('HUGE', ${2 * HOLDERS}, ${HOLDERS}), ('LOCKED', 5, 5)`;
        await sql`
        insert into claims (user_id, coupon_name)
        select number, 'HUGE' from generate_series(1, ${HOLDERS}::int) as number`;
      }, ROLE);
      const readings = await Promise.all(users(5).map(() => client.getCoupon('HUGE')));
      t.ok(readings.every(({ claimed_by }) => claimed_by.length === HOLDERS));

      await node.ask(async (sql) => {
        await sql`begin`;
        await sql`select from coupons where name = 'LOCKED' for update`;
        const late = await client.claim('LOCKED', 'ada');
        t.equal(problemIn(late).code, 'database_unavailable', 'the time-outs are in force');
        await sql`rollback`;
      }, ROLE);

      await pgbouncer.kill('SIGKILL');
      await pgbouncer.start();
      t.equal((await client.claim('LOCKED', 'grace')).status, 200);
      t.equal(await service.stop(), 0);
    },
  );
}

t.test(
  'pgbouncer without DATABASE_POOLER: the service says what to set, and exits with 1',
  { skip },
  async (t) => {
    const node = await createNode(t, 'A', template as Template, await temporaryFolder(t));
    await node.start();
    const pgbouncer = await startPgbouncer(t, node.url, 'session');
    const service = startService(t, { DATABASE_URL: pgbouncer.url });
    t.equal(await service.exited(), 1);
    t.match(await service.logged('pooler'), { msg: /set DATABASE_POOLER=true$/ });
  },
);
