import { once } from 'node:events';
import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { startApp } from '../support/app.js';
import { users } from '../support/crowd.js';

const READERS = 50;
const HOLDERS = 30_000;
/** A reader takes this much, and pauses. Its whole answer takes a second or more. */
const BITE_BYTES = 100_000;
const PAUSE_MS = 10;

t.test(
  '50 slow readers at once: each answer is complete, or refused before its first byte, and nobody else waits',
  async (t) => {
    const app = await startApp(t);
    await app.sql`insert into coupons values ('HUGE', ${2 * HOLDERS}, ${HOLDERS}), ('SMALL', 1000, 1000)`;
    await app.sql`
      insert into claims (user_id, coupon_name)
      select repeat('x', 200) || number, 'HUGE' from generate_series(1, ${HOLDERS}::int) as number`;
    const others = new Set<number>();
    let isOver = false;
    const using = users(3).map(async (user) => {
      await app.claim('SMALL', user);
      for (let i = 0; !isOver; i++) {
        const answers = await Promise.all([
          app.claim('SMALL', `${user}-${i}`),
          app.request('GET', '/api/coupons/SMALL'),
          app.request('GET', `/api/coupons/SMALL/claims/${user}`),
          app.request('GET', '/health'),
        ]);
        for (const { status } of answers) others.add(status);
        await sleep(20);
      }
    });
    const readings = await Promise.all(
      users(READERS).map(() => readSlowly(get(`${app.url}/api/coupons/HUGE`, { agent: false }))),
    );
    isOver = true;
    await Promise.all(using);
    const complete = readings.filter(({ status }) => status === 200);
    for (const { body } of complete) t.equal(JSON.parse(body).claimed_by.length, HOLDERS);
    const refused = readings.filter(({ status }) => status === 503);
    for (const { body } of refused) t.equal(JSON.parse(body).code, 'overloaded');
    t.equal(complete.length + refused.length, READERS);
    t.ok(complete.length > 0, `${complete.length} complete, ${refused.length} refused`);
    t.same([...others], [200], 'small reads, look-ups, claims and health');
    // A slow machine may keep the question whether the database is up waiting for its 2 seconds.
    const hangs = app.log.filter(({ msg }) => String(msg).includes('hangs'));
    t.same(
      hangs.filter(({ timeoutMs }) => timeoutMs !== 2_000),
      [],
      'a read that waits is not taken for one that hangs',
    );
  },
);

t.test(
  'a reader that stops reading keeps no transaction open, and gets the list of the moment it asked',
  async (t) => {
    const app = await startApp(t);
    await app.sql`insert into coupons values ('HUGE', ${2 * HOLDERS}, ${HOLDERS})`;
    await app.sql`
    insert into claims (user_id, coupon_name)
    select repeat('x', 200) || number, 'HUGE' from generate_series(1, ${HOLDERS}::int) as number`;
    for (const path of ['/api/coupons/HUGE', '/api/coupons/HUGE/claims']) {
      const request = get(app.url + path, { agent: false, headers: { Accept: 'application/x-ndjson, */*' } });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      const open = await app.sql`
      select query from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`;
      t.same([...open], [], path);
      await app.claim('HUGE', `late for ${path}`);
      const body = await readAll(response);
      t.ok(body.includes(`x${HOLDERS}"`), 'the last of the holders');
      t.notOk(body.includes(`late for ${path}`), 'nobody who came later');
    }
  },
);

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** @throws if the answer is cut off. */
async function readSlowly(request: ClientRequest): Promise<{ status: number | undefined; body: string }> {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  let bite = 0;
  for await (const chunk of response) {
    chunks.push(chunk);
    bite += chunk.length;
    if (bite < BITE_BYTES) continue;
    bite = 0;
    await sleep(PAUSE_MS);
  }
  return { status: response.statusCode, body: Buffer.concat(chunks).toString() };
}
