import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import t from 'tap';
import { startEmbeddedPostgres } from '../../db/embedded/embedded-postgres.js';
import { killPostmasterAfter, temporaryFolder } from '../support/own-postgres.js';
import { until } from '../support/until.js';

const MIB = 2 ** 20;

t.test('the log of a running server is rotated at 10 MiB, and one old log is kept', async (t) => {
  const folder = await temporaryFolder(t);
  killPostmasterAfter(t, folder);
  const log = join(folder, 'postgres.log');
  const server = await startEmbeddedPostgres(folder);
  const sql = postgres(server.url, { max: 1 });
  const write = (line: string) => sql.unsafe(`do $$ begin raise log '${line}'; end $$`);
  for (const round of ['first', 'second']) {
    await write(`the ${round} line`);
    await write('x'.repeat(11 * MIB));
    await until('the rotation', async () => (await stat(log)).size < MIB);
    t.match(await readFile(`${log}.1`, 'utf8'), `the ${round} line`);
  }
  t.notMatch(await readFile(`${log}.1`, 'utf8'), 'the first line');
  await write('a line after the rotation');
  t.match(await readFile(log, 'utf8'), /^.{0,1000}a line after the rotation/s, 'the file has no hole');
  await sql.end();
  await server.stop();
});

t.test('a log of more than 10 MiB is rotated at a start', async (t) => {
  const folder = await temporaryFolder(t);
  killPostmasterAfter(t, folder);
  const log = join(folder, 'postgres.log');
  await writeFile(log, '');
  await truncate(log, 10 * MIB + 1);
  await (await startEmbeddedPostgres(folder)).stop();
  t.equal((await stat(`${log}.1`)).size, 10 * MIB + 1);
  t.match(await readFile(log, 'utf8'), /^[^\0]*database system is shut down\n$/);
});
