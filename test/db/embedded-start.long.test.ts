import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { startEmbeddedPostgres } from '../../db/embedded/embedded-postgres.js';
import { killPostmasterAfter, postmasterOf, temporaryFolder } from '../support/own-postgres.js';
import { startService } from '../support/process.js';
import { until } from '../support/until.js';

async function dataFolder(t: Test): Promise<string> {
  const folder = await temporaryFolder(t);
  killPostmasterAfter(t, folder);
  return folder;
}

/** The processes that have this folder in their command line. */
async function processesOf(folder: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-ww', '-e', '-o', 'pid=,command=']);
  return stdout.split('\n').filter((line) => line.includes(folder));
}

t.test('a start reports each step before it takes time', async (t) => {
  const folder = await dataFolder(t);
  const start = async () => {
    const reports: string[] = [];
    const server = await startEmbeddedPostgres(folder, { onProgress: (message) => reports.push(message) });
    return { server, reports };
  };
  const first = await start();
  t.same(first.reports, [`creating the database in ${folder}`, 'starting PostgreSQL']);
  const second = await start();
  t.same(second.reports, [`joined the PostgreSQL that runs in ${folder}`]);
  await first.server.stop();
  await second.server.stop();
  const third = await start();
  t.same(third.reports, ['starting PostgreSQL']);
  await third.server.stop();
});

for (const step of ['creating the database', 'starting PostgreSQL']) {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    t.test(`${signal} at "${step}": exit code 0, no PostgreSQL is left, the next start works`, async (t) => {
      const folder = await dataFolder(t);
      const service = startService(t, { DATA_DIR: folder });
      await service.logged(step);
      t.equal(await service.stop(signal), 0);
      t.notOk(service.log.some(({ level }) => level > 30));
      t.equal(service.log.at(-1)?.msg, 'stopped');
      t.same(await processesOf(folder), []);
      const created = ['postgres', 'postgres.log'];
      t.same(
        (await readdir(folder)).sort(),
        step === 'starting PostgreSQL' ? created : [],
        'complete data or none',
      );

      const server = await startEmbeddedPostgres(folder);
      await server.stop();
      t.same((await readdir(folder)).sort(), created);
    });
  }
}

t.test('a start that is given up leaves no server, whenever that happens', async (t) => {
  const folder = await dataFolder(t);
  await (await startEmbeddedPostgres(folder)).stop();
  for (let delayMs = 0; delayMs < 300; delayMs += 30) {
    const signal = AbortSignal.timeout(delayMs);
    const server = await startEmbeddedPostgres(folder, { signal }).catch((error) => {
      t.equal(error, signal.reason);
    });
    await server?.stop();
    t.same(await processesOf(folder), [], `after ${delayMs} ms`);
  }
});

t.test('a start that is given up does not stop a server that another process uses', async (t) => {
  const folder = await dataFolder(t);
  const server = await startEmbeddedPostgres(folder);
  const postmaster = postmasterOf(folder);
  const giveUp = new AbortController();
  const start = startEmbeddedPostgres(folder, {
    onProgress: () => giveUp.abort(),
    signal: giveUp.signal,
  });
  await t.rejects(start, { name: 'AbortError' });
  t.equal(postmasterOf(folder), postmaster);
  await server.stop();
});

t.test(
  'what a killed start has left is removed by the next one, and that of a running one is not',
  async (t) => {
    const folder = await dataFolder(t);
    const service = startService(t, { DATA_DIR: folder });
    await service.logged('creating the database');
    await until('incomplete data', async () => (await readdir(folder)).length > 0);
    await service.stop('SIGKILL');
    t.match((await readdir(folder))[0], `postgres.incomplete.${service.pid}.`);
    await until('the end of initdb', async () => (await processesOf(folder)).length === 0);
    const ofRunning = `postgres.incomplete.${process.ppid}.aaaaaa`;
    await mkdir(join(folder, ofRunning));
    await writeFile(join(folder, ofRunning, 'password'), '');

    await (await startEmbeddedPostgres(folder)).stop();
    t.same((await readdir(folder)).sort(), ['postgres', ofRunning, 'postgres.log'].sort());
  },
);
