import t from 'tap';
import { assertBooksBalance } from '../support/books.js';
import { createDatabase } from '../support/database.js';
import { startService } from '../support/process.js';
import { openRawConnection } from '../support/raw-connection.js';
import { claimBytes } from '../support/raw-requests.js';
import { until } from '../support/until.js';

const OPEN_FILES_MAX = 100;

t.test('a claim for which no file is left to connect to the database gets 503, and later 200', async (t) => {
  const { url, sql } = await createDatabase(t);
  const service = startService(t, { DATABASE_URL: url }, { openFilesMax: OPEN_FILES_MAX });
  const client = await service.listening();
  await client.createCoupon('A', 50);
  const early = openRawConnection(client.url);
  const claim = async () => {
    early.send(claimBytes('A', 'ada'));
    return (await early.answered(early.answers.length + 1)).at(-1);
  };

  // Clients take each file that becomes free.
  const crowd = new Set<ReturnType<typeof openRawConnection>>();
  const crowding = setInterval(() => {
    while (crowd.size < OPEN_FILES_MAX) {
      const connection = openRawConnection(client.url);
      crowd.add(connection);
      connection.closed().finally(() => crowd.delete(connection));
    }
  }, 5);
  await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'scalable-coupon-system'`;
  const refusal = await claim();
  t.equal(refusal?.status, 503);
  t.match(JSON.parse(refusal?.body ?? ''), { code: 'database_unavailable' });
  t.match(await service.logged('the database did not answer'), { err: { code: 'EMFILE' } });

  clearInterval(crowding);
  for (const { socket } of crowd) socket.destroy();
  await until('a claim', async () => (await claim())?.status === 200);
  await assertBooksBalance(t, sql);
  t.equal(await service.stop(), 0);
});
