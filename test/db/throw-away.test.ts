import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import postgres from 'postgres';
import t from 'tap';
import { makeTemporaryFolder, startThrowAwayPostgres } from '../../db/embedded/throw-away.js';

t.test('a throw-away PostgreSQL answers, and its stop removes its folder', async (t) => {
  const server = await startThrowAwayPostgres('coupons-test-');
  const sql = postgres(server.url, { max: 1 });
  t.same(await sql`select 1 as number`, [{ number: 1 }]);
  await sql.end();
  await server.stop();
  t.notOk(existsSync(server.folder));
});

t.test('a throw-away PostgreSQL that cannot start leaves no folder behind', async (t) => {
  const prefix = `coupons-test-${randomBytes(6).toString('hex')}-`;
  // A platform without an embedded PostgreSQL.
  t.intercept(process, 'arch', { value: 'pdp11' });
  await t.rejects(startThrowAwayPostgres(prefix));
  const { folder, remove } = await makeTemporaryFolder(prefix);
  t.teardown(remove);
  const siblings = await readdir(dirname(folder));
  t.same(
    siblings.filter((name) => name.startsWith(prefix)),
    [basename(folder)],
    'the folder of this test is the only one',
  );
});
