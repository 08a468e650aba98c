import pino from 'pino';
import t from 'tap';
import { OrderedConnection } from '../../src/claims/ordered-connection.js';
import { readConfig } from '../../src/config.js';
import { isOutcomeUnknown } from '../../src/database/errors.js';
import { connectShards } from '../../src/shards/connect.js';
import { createDatabase, UNDIVIDED } from '../support/database.js';

t.test('queries end in the order of their calls, and the timeout of each starts at its turn', async (t) => {
  const { url } = await createDatabase(t, { shape: UNDIVIDED });
  // A query without an answer is given up 1 s after its statement timeout. All of these together take
  // longer, and each one has 2 s to spare on a busy machine.
  const config = readConfig({ STATEMENT_TIMEOUT_MS: '2500' });
  const shards = connectShards([url], config, pino({ level: 'silent' }));
  t.teardown(() => shards.close());
  const connection = new OrderedConnection(shards.all[0]!.openClient({}));
  const ended: number[] = [];
  await Promise.all(
    [1, 2, 3, 4, 5, 6, 7, 8].map((number) =>
      connection.query(async (sql) => {
        await sql`select pg_sleep(0.5)`;
        ended.push(number);
      }),
    ),
  );
  t.same(ended, [1, 2, 3, 4, 5, 6, 7, 8]);
});

t.test('a query of unknown outcome fails the queries behind it', async (t) => {
  const { url, sql: other } = await createDatabase(t, { shape: UNDIVIDED });
  const shards = connectShards([url], readConfig({}), pino({ level: 'silent' }));
  t.teardown(() => shards.close());
  const connection = new OrderedConnection(shards.all[0]!.openClient({}));
  const [row] = await connection.query((sql) => sql<{ pid: number }[]>`select pg_backend_pid() as pid`);
  const first = connection.query((sql) => sql`select pg_sleep(60)`);
  const behind = connection.query((sql) => sql`select 1`);
  await other`select pg_terminate_backend(${row?.pid ?? 0})`;
  t.ok(isOutcomeUnknown(await first.catch((error) => error)));
  t.match(await behind.catch((error) => error), Error);
  t.same(await connection.query((sql) => sql`select 2 as number`), [{ number: 2 }], 'later ones succeed');
});
