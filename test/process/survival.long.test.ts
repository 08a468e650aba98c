import postgres from 'postgres';
import t from 'tap';
import { createClient } from '../../clients/typescript/src/index.js';
import { startEmbeddedPostgres } from '../../db/embedded/embedded-postgres.js';
import { assertBooksBalance } from '../support/books.js';
import { checkedFetch } from '../support/checked-fetch.js';
import { users } from '../support/crowd.js';
import { postmasterOf, temporaryFolder } from '../support/own-postgres.js';
import { startService } from '../support/process.js';
import { until } from '../support/until.js';

const USERS = 1_500;
const STOCK = 1_000;
const KILLS = 4;
const CLIENTS = 60;
/** Guards against hanging only: a slow machine needs long for its restarts. */
const DEADLINE_MS = 180_000;

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
    let retries = 0;
    const careful = createClient({
      baseUrl: client.url,
      fetch: checkedFetch(t),
      deadlineMs: DEADLINE_MS,
      onAttempt: ({ retryInMs }) => (retries += retryInMs === undefined ? 0 : 1),
    });
    const claim = async (user: string) => {
      const result = await careful.claim('SALE', user);
      told.set(user, result.ok ? 200 : result.status);
    };
    const waiting = users(USERS);
    const crowd = Promise.all(
      Array.from({ length: CLIENTS }, async () => {
        for (let user = waiting.pop(); user; user = waiting.pop()) await claim(user);
      }),
    );
    for (let kill = 1; kill <= KILLS; kill++) {
      await until('more answers', () => told.size >= (USERS / (KILLS + 2)) * kill);
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
    t.comment(`${retries} retries`);
    t.equal(await service.stop(), 0);
  },
);
