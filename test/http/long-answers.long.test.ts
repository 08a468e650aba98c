import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t from 'tap';
import { startApp } from '../support/app.js';
import { createDatabase } from '../support/database.js';
import { startService } from '../support/process.js';

t.test(
  'an answer whose database connection breaks is cut off, never ended as if it were complete',
  async (t) => {
    const app = await startApp(t);
    await app.sql`insert into coupons values ('HUGE', 200000, 100000)`;
    await app.sql`
    insert into claims (user_id, coupon_name)
    select repeat('x', 200) || number, 'HUGE' from generate_series(1, 100000) as number`;
    const [response] = await once(get(`${app.url}/api/coupons/HUGE`), 'response');
    t.equal(response.statusCode, 200);
    const sessions = await app.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'scalable-coupon-system'`;
    t.ok(sessions.length > 0);
    await t.rejects(text(response), { code: 'ECONNRESET' });
    t.equal((await app.getCoupon('HUGE')).claimed_by.length, 100_000, 'the next answer is complete');
  },
);

t.test('reading 200,000 holders or claims, 44 MB of names, takes less than 64 MiB of memory', async (t) => {
  const { url, sql } = await createDatabase(t);
  await sql`insert into coupons values ('HUGE', 400000, 200000), ('SMALL', 5, 5)`;
  // Checking all foreign keys takes long, and proves nothing here.
  await sql`alter table claims drop constraint claims_coupon_name_fkey`;
  await sql`
    insert into claims (user_id, coupon_name)
    select repeat('x', 200) || number, 'HUGE' from generate_series(1, 200000) as number`;
  const service = startService(t, { DATABASE_URL: url });
  const client = await service.listening();
  await client.getCoupon('SMALL');
  const before = await residentMebibytes(service.pid);
  let most = before;
  let over = false;
  const sampling = (async () => {
    while (!over) {
      most = Math.max(most, await residentMebibytes(service.pid));
      await sleep(20);
    }
  })();
  // The client of the other tests would check all names against the contract, which is slow.
  const response = await fetch(`${client.url}/api/coupons/HUGE`);
  const coupon = (await response.json()) as { claimed_by: string[] };
  t.equal(new Set(coupon.claimed_by).size, 200_000);
  t.equal(coupon.claimed_by.length, 200_000);
  t.equal(coupon.claimed_by[199_999], `${'x'.repeat(200)}200000`);
  for (const [accept, lastUser] of [
    ['text/csv', /^x{200}200000,HUGE,/],
    ['application/x-ndjson', /^{"user_id":"x{200}200000",/],
  ] as const) {
    const stream = await fetch(`${client.url}/api/coupons/HUGE/claims`, { headers: { accept } });
    const lines = (await stream.text()).trimEnd().split('\n');
    t.match(lines.at(-1), lastUser);
    t.equal(new Set(lines).size, accept === 'text/csv' ? 200_001 : 200_000);
  }
  over = true;
  await sampling;
  t.comment(`${before} MiB before, ${most} MiB at the most`);
  t.ok(most - before < 64, `${most - before} MiB more`);
});

async function residentMebibytes(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Math.round(Number(stdout) / 1024);
}
