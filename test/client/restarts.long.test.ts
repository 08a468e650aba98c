import t from 'tap';
import { type CouponEvent, createClient } from '../../clients/typescript/src/index.js';
import { Service } from '../faults/rig/services.js';
import { assertBooksBalance } from '../support/books.js';
import { checkedFetch } from '../support/checked-fetch.js';
import { coupons, everyone, users } from '../support/crowd.js';
import { createDatabase } from '../support/database.js';
import { readTables, replay } from '../support/events.js';
import { startProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

const COUPONS = 4;
const STOCK = 100;
const USERS = 150;
const CROWD = 40;
const KILLS = 3;
/** The claim alone needs seconds. A slow machine needs more for its restarts. */
const DEADLINE_MS = 150_000;

t.test(
  'every claim ends with the truth, and the events come once, while the server is killed and restarted',
  async (t) => {
    const { url: databaseUrl, sql } = await createDatabase(t);
    const service = await Service.start(t, { DATABASE_URL: databaseUrl, HOST: '127.0.0.1' }, {});
    await service.untilHealthy();
    // The proxy cuts connections that the server would have kept.
    const proxy = await startProxy(t, service.url);
    let attempts = 0;
    const client = createClient({
      baseUrl: proxy.url,
      fetch: checkedFetch(t),
      deadlineMs: DEADLINE_MS,
      onAttempt: () => attempts++,
    });
    const names = coupons(COUPONS);
    for (const name of names) await client.createCoupon({ name, amount: STOCK });

    const abort = new AbortController();
    const seen: CouponEvent[] = [];
    const following = (async () => {
      for await (const event of client.events({ signal: abort.signal, pageSize: 50 })) seen.push(event);
    })();

    // Every user wants every coupon, and some of them twice at the same time.
    const wanted = everyone(names, users(USERS)).flatMap((claim, i) =>
      i % 5 === 0 ? [claim, claim] : [claim],
    );
    const total = wanted.length;
    const answered: { couponName: string; userId: string; status: number }[] = [];
    const crowd = Promise.all(
      Array.from({ length: CROWD }, async () => {
        for (let next = wanted.pop(); next; next = wanted.pop()) {
          const [couponName, userId] = next;
          const result = await client.claim(couponName, userId);
          answered.push({ couponName, userId, status: result.ok ? 200 : result.status });
        }
      }),
    );
    for (let kill = 1; kill <= KILLS; kill++) {
      await until('more answers', () => answered.length >= (total / (KILLS + 1)) * (kill - 0.5));
      await service.stop('SIGKILL');
      service.restart();
      await until('answers of the new server', () => answered.length >= (total / (KILLS + 1)) * kill);
      proxy.cut();
    }
    await crowd;

    t.equal(answered.length, total);
    t.same(
      answered.filter(({ status }) => ![200, 400, 409].includes(status)),
      [],
    );
    t.equal(answered.filter(({ status }) => status === 200).length, COUPONS * STOCK);
    t.ok(attempts > total, `${attempts} requests for ${total} claims`);
    await assertBooksBalance(t, sql, answered);

    await until('the last event', () => seen.length >= COUPONS + COUPONS * STOCK);
    await client.createCoupon({ name: 'LAST', amount: 1 });
    await until('the event behind it', () => seen.at(-1)?.subject === 'LAST');
    abort.abort();
    await t.rejects(following, { name: 'AbortError' });
    t.equal(new Set(seen.map(({ id }) => id)).size, seen.length, 'no event came twice');
    t.strictSame(replay(seen as Parameters<typeof replay>[0]), await readTables(sql));
  },
);
