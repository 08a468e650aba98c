import { Readable } from 'node:stream';
import pino from 'pino';
import t from 'tap';
import { readConfig } from '../../src/config.js';
import { listDeadLetters } from '../../src/relay/dead-letters.js';
import { connectShards } from '../../src/shards/connect.js';
import { createDatabase, UNDIVIDED } from '../support/database.js';
import { patience } from '../support/patience.js';

t.test('all dead letters are listed, the oldest first, however many there are', async (t) => {
  const { url, sql } = await createDatabase(t, { shape: UNDIVIDED });
  const shards = connectShards([url], readConfig(patience), pino({ enabled: false }));
  t.teardown(() => shards.close());
  await sql`
    insert into dead_letters (event, attempts, error)
    select json_build_object('id', number), 1, 'status 500' from generate_series(1, 250) as number`;
  const letters = await Readable.from(listDeadLetters(shards.all[0]!)).toArray();
  t.same(
    letters.map(({ event }) => event.id),
    Array.from({ length: 250 }, (_, i) => i + 1),
  );
});
