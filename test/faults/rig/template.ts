import { execFile } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { freePort } from '../../../db/embedded/free-port.js';
import { findPrograms, makeReachable, type PostgresPrograms } from '../../../db/embedded/programs.js';
import { findServerUser } from '../../../db/embedded/server-user.js';
import { migrate } from '../../../db/migrate.js';
import { temporaryFolder } from '../../support/own-postgres.js';
import type { Scope } from '../../support/scope.js';
import { makeFolder, PostgresNode, ROLE, type Template } from './postgres-node.js';

/**
 * Makes a data directory. No server runs on it.
 * @param installed programs that every user can run. The embedded ones, unless given.
 * @param isMigrated whether our tables are in it.
 */
export async function createTemplate(
  scope: Scope,
  installed?: PostgresPrograms,
  isMigrated = true,
): Promise<Template> {
  const folder = await temporaryFolder(scope);
  const data = join(folder, 'data');
  const user = await findServerUser(data);
  const programs = installed ?? (await makeReachable(await findPrograms(), folder, user, () => {}));
  await makeFolder(data, user);
  await promisify(execFile)(
    programs.initdb,
    // Small segments of the log: copies are small, and a small disk is full soon.
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--wal-segsize=1'],
    { ...user, cwd: data },
  );
  await appendFile(join(data, 'postgresql.conf'), 'min_wal_size = 4MB\nmax_wal_size = 32MB\n');
  const template = { data, programs, user };
  const node = new PostgresNode(scope, 'template', template, data, await freePort());
  await node.start();
  await node.ask((sql) => sql.unsafe(`create role ${ROLE} login`));
  await node.ask((sql) => sql.unsafe(`create database ${ROLE} owner ${ROLE}`));
  const sql = postgres(node.url, { max: 1, onnotice: () => {} });
  if (isMigrated) await migrate(sql);
  await sql.end();
  await node.stop('SIGINT');
  return template;
}

/** Makes a node whose data are a copy of the template's. It does not run yet. */
export async function createNode(
  scope: Scope,
  name: string,
  template: Template,
  folder: string,
): Promise<PostgresNode> {
  const data = join(folder, 'data');
  await promisify(execFile)('cp', ['-a', template.data, data]);
  return new PostgresNode(scope, name, template, data, await freePort());
}
