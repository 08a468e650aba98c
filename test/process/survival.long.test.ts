import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import t from 'tap';
import { startEmbeddedPostgres } from '../../db/embedded/embedded-postgres.js';
import { assertBooksBalance } from '../support/books.js';
import { users } from '../support/crowd.js';
import { postmasterOf, temporaryFolder } from '../support/own-postgres.js';
import { startService } from '../support/process.js';
import { until } from '../support/until.js';

const USERS = 1_500;
const STOCK = 1_000;
const KILLS = 4;
const CLIENTS = 60;

t.test(
  'every 200 has a row, and every row a 200, when kill -9 ends PostgreSQL again and again under load',
  async (t) => {
    const folder = await temporaryFolder(t);
    const database = await startEmbeddedPostgres(folder);
    t.teardown(() => database.stop());
    const service = startService(t, { DATABASE_URL: database.url });
    const client = await service.listening();
    await client.createCoupon('SALE', STOCK);

    const told = new Map<string, number>();
    const seen = { unavailable: 0, answered: 0 };
    /** Repeats a claim with the same key until the answer is not 503, as a careful client does. */
    const claim = async (user: string) => {
      for (;;) {
        const { status } = await client.claim('SALE', user, { 'Idempotency-Key': `key-of-${user}` });
        if (status !== 503) {
          seen.answered++;
          told.set(user, status);
          return;
        }
        seen.unavailable++;
        await sleep(20);
      }
    };
    const waiting = users(USERS);
    const crowd = Promise.all(
      Array.from({ length: CLIENTS }, async () => {
        for (let user = waiting.pop(); user; user = waiting.pop()) await claim(user);
      }),
    );
    for (let kill = 1; kill <= KILLS; kill++) {
      await until('more answers', () => seen.answered >= (USERS / (KILLS + 2)) * kill);
      const pid = await until('a running server', () => postmasterOf(folder));
      process.kill(pid, 'SIGKILL');
      await until('another server', () => ![undefined, pid].includes(postmasterOf(folder)));
    }
    await crowd;

    const sql = postgres(database.url, { max: 1, onnotice: () => {} });
    t.teardown(() => sql.end({ timeout: 1 }));
    const rows = await sql<{ user_id: string }[]>`select user_id from claims where coupon_name = 'SALE'`;
    const holders = rows.map((row) => row.user_id).sort();
    const winners = [...told].filter(([, status]) => status === 200).map(([user]) => user);
    t.equal(told.size, USERS, 'every user has an answer');
    t.same(
      [...new Set(told.values())].sort(),
      [200, 400],
      'a retry with the same key never gets 409 for its own claim',
    );
    t.same(holders, winners.sort(), 'every 200 has a row, and every row a 200');
    t.equal(holders.length, STOCK);
    await assertBooksBalance(t, sql);
    t.comment(`${seen.unavailable} times 503`);
    t.equal(await service.stop(), 0);
  },
);
