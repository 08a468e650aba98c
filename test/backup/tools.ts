import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PostgresPrograms } from '../../db/embedded/programs.js';
import type { ServerUser } from '../../db/embedded/server-user.js';

/** The programs of an installed PostgreSQL. The embedded one has none for backups. */

const NAMES = ['initdb', 'postgres', 'pg_ctl', 'psql', 'pg_basebackup', 'pg_verifybackup', 'pg_dump'];
/** Debian and Ubuntu put them here, by version, and not on the PATH. */
const DEBIAN = '/usr/lib/postgresql';

const folders = [
  ...(existsSync(DEBIAN) ? readdirSync(DEBIAN).map((version) => join(DEBIAN, version, 'bin')) : []),
  ...(process.env['PATH'] ?? '').split(':'),
];
const found = folders.find((folder) => NAMES.every((name) => existsSync(join(folder, name))));

/** Why backups cannot be tested here. False: they can. */
export const isToolMissing = found ? false : `no installed PostgreSQL here: ${NAMES.join(', ')}`;

/** The installed programs. @throws Error if they are missing. */
export function installedPrograms(): PostgresPrograms {
  if (!found) throw new Error(String(isToolMissing));
  const version = spawnSync(join(found, 'postgres'), ['--version'], { encoding: 'utf8' }).stdout;
  return { initdb: join(found, 'initdb'), postgres: join(found, 'postgres'), version };
}

/**
 * Runs a program as the user of PostgreSQL, with the installed programs on its PATH.
 * @returns its output. @throws Error with its error output, if it fails.
 */
export async function runAs(
  user: ServerUser | undefined,
  program: string,
  parameters: string[],
  env: Record<string, string>,
): Promise<string> {
  const { stdout } = await promisify(execFile)(program, parameters, {
    ...user,
    cwd: '/',
    env: { ...process.env, NODE_V8_COVERAGE: '', ...env, PATH: `${found}:${process.env['PATH']}` },
  });
  return stdout;
}
