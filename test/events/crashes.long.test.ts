import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import t from 'tap';
import { createClient } from '../../clients/typescript/src/index.js';
import { startEmbeddedPostgres } from '../../db/embedded/embedded-postgres.js';
import { freePort } from '../../db/embedded/free-port.js';
import type { Event } from '../../src/events/event.js';
import { type Client, createClient as createTestClient } from '../support/app.js';
import { assertBooksBalance } from '../support/books.js';
import { checkedFetch } from '../support/checked-fetch.js';
import { coupons, everyone, users } from '../support/crowd.js';
import { readTables, replay } from '../support/events.js';
import { inTurn } from '../support/in-turn.js';
import { postmasterOf, temporaryFolder } from '../support/own-postgres.js';
import { startService } from '../support/process.js';
import { until } from '../support/until.js';

const COUPONS = 8;
const STOCK = 250;
const USERS = 400;
const CLIENTS = 60;
const ROUNDS = 3;
/** Guards against hanging only: a slow machine needs long for its restarts. */
const DEADLINE_MS = 180_000;

t.test(
  'kill -9 of services, PostgreSQL and the consumer under load: the replayed log gives the tables exactly',
  async (t) => {
    const folder = await temporaryFolder(t);
    const database = await startEmbeddedPostgres(folder);
    t.teardown(() => database.stop());
    const ports = [await freePort(), await freePort()];
    const urls = ports.map((port) => `http://127.0.0.1:${port}`);
    const clients = urls.map((url) => createTestClient(t, url)) as [Client, Client];
    const start = async (server: number) => {
      const settings = { DATABASE_URL: database.url, PORT: String(ports[server]), CLAIM_LANES: '2' };
      const service = startService(t, settings);
      await service.listening();
      return service;
    };
    const services = [await start(0), await start(1)];
    const file = join(await temporaryFolder(t), 'log');
    const consume = () =>
      startService(
        t,
        { CONSUMER_URLS: urls.join(' '), CONSUMER_FILE: file },
        { script: 'test/support/log-consumer.js' },
      );
    const lines = () => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []);
    let consumer = consume();

    const names = coupons(COUPONS);
    for (const name of names) await clients[0].createCoupon(name, STOCK);
    let decided = 0;
    const careful = createClient({
      baseUrl: urls[0]!,
      fetch: inTurn(urls, checkedFetch(t)),
      deadlineMs: DEADLINE_MS,
    });
    const claim = async (coupon: string, user: string) => {
      await careful.claim(coupon, user);
      decided++;
    };
    const waiting = everyone(names, users(USERS));
    const total = waiting.length;
    const crowd = Promise.all(
      Array.from({ length: CLIENTS }, async () => {
        for (let next = waiting.pop(); next; next = waiting.pop()) await claim(...next);
      }),
    );
    for (let round = 0; round < ROUNDS; round++) {
      await until('more claims', () => decided >= (total / (ROUNDS + 1)) * (round + 0.5));
      const server = round % 2;
      await services[server]!.stop('SIGKILL');
      services[server] = await start(server);
      await consumer.stop('SIGKILL');
      const pid = await until('a running server', () => postmasterOf(folder));
      process.kill(pid, 'SIGKILL');
      consumer = consume();
      await until('another server', () => ![undefined, pid].includes(postmasterOf(folder)));
      await careful.createCoupon({ name: `round ${round}`, amount: 1 });
      await until('its event', () => lines().some((line) => line.includes(`round ${round}`)));
    }
    await crowd;

    const sql = postgres(database.url, { max: 1, onnotice: () => {} });
    t.teardown(() => sql.end({ timeout: 1 }));
    // What comes once more comes before what comes last.
    await careful.createCoupon({ name: 'LAST', amount: 1 });
    await until('the last event', () => lines().at(-1)?.includes('LAST'));
    await consumer.stop('SIGKILL');
    const events = lines().map((line) => JSON.parse(line) as Event);
    const [row] = await sql<
      { count: number }[]
    >`select sum(cardinality(coupon_names))::int as count from events`;
    t.equal(events.length, row!.count, 'each event came exactly once');
    t.equal(new Set(events.map(({ id }) => id)).size, events.length);
    t.strictSame(replay(events), await readTables(sql));
    await assertBooksBalance(t, sql);
    for (const service of services) t.equal(await service.stop(), 0);
  },
);
