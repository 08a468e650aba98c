import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import t from 'tap';
import { startEmbeddedPostgres } from '../../db/embedded/embedded-postgres.js';
import { freePort } from '../../db/embedded/free-port.js';
import type { EventPage } from '../../src/events/event-log.js';
import { type Client, createClient } from '../support/app.js';
import { assertBooksBalance } from '../support/books.js';
import { coupons, everyone, users } from '../support/crowd.js';
import { readTables, replay } from '../support/events.js';
import { postmasterOf, temporaryFolder } from '../support/own-postgres.js';
import { startService } from '../support/process.js';
import { until } from '../support/until.js';

const COUPONS = 8;
const STOCK = 250;
const USERS = 400;
const CLIENTS = 60;
const ROUNDS = 3;

t.test(
  'kill -9 of services, PostgreSQL and the consumer under load: the replayed log gives the tables exactly',
  async (t) => {
    const folder = await temporaryFolder(t);
    const database = await startEmbeddedPostgres(folder);
    t.teardown(() => database.stop());
    const ports = [await freePort(), await freePort()];
    const urls = ports.map((port) => `http://127.0.0.1:${port}`);
    const clients = urls.map((url) => createClient(t, url)) as [Client, Client];
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
    const pages = () => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []);
    let consumer = consume();

    const names = coupons(COUPONS);
    for (const name of names) await clients[0].createCoupon(name, STOCK);
    let decided = 0;
    /** Repeats a claim with its key, through the other server, until it is decided. */
    const claim = async (coupon: string, user: string) => {
      for (let i = 0; ; i++) {
        const headers = { 'Idempotency-Key': `${coupon}-${user}` };
        const answer = await clients[i % 2]!.claim(coupon, user, headers).catch(() => undefined);
        if (answer && answer.status < 500) break;
        await sleep(20);
      }
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
      const pageCount = pages().length;
      const server = round % 2;
      await services[server]!.stop('SIGKILL');
      services[server] = await start(server);
      await consumer.stop('SIGKILL');
      const pid = await until('a running server', () => postmasterOf(folder));
      process.kill(pid, 'SIGKILL');
      consumer = consume();
      await until('another server', () => ![undefined, pid].includes(postmasterOf(folder)));
      await until('more pages', () => pages().length > pageCount);
    }
    await crowd;

    const sql = postgres(database.url, { max: 1, onnotice: () => {} });
    t.teardown(() => sql.end({ timeout: 1 }));
    await until('the database', () =>
      sql`select`.then(
        () => true,
        () => false,
      ),
    );
    const [row] = await sql<
      { count: number }[]
    >`select sum(cardinality(coupon_names))::int as count from events`;
    const read = () => pages().flatMap((line) => (JSON.parse(line) as EventPage).items);
    await until('the end of the log', () => read().length >= row!.count);
    // What comes once more comes within the next page.
    const last = pages().length;
    await until('an empty page', () => pages().length > last);
    await consumer.stop('SIGKILL');
    const events = read();
    t.equal(events.length, row!.count, 'each event came exactly once');
    t.equal(new Set(events.map(({ id }) => id)).size, events.length);
    t.strictSame(replay(events), await readTables(sql));
    await assertBooksBalance(t, sql);
    for (const service of services) t.equal(await service.stop(), 0);
  },
);
