import { execFile } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { projectRoot } from '../../db/project-root.js';
import { readLastReleased } from '../contract/released.js';
import { temporaryFolder } from './own-postgres.js';
import type { Scope } from './scope.js';

/** Releases without a tag. `npm version` makes one: v0.2.0. */
const UNTAGGED: Record<string, string> = { '0.1.0': '139a4ef043183184b573b677261b8f4bd7eb2f52' };

export const { version: releasedVersion } = readLastReleased();
const commit = UNTAGGED[releasedVersion] ?? `v${releasedVersion}`;

const git = (...parameters: string[]) => promisify(execFile)('git', parameters, { cwd: projectRoot });

/** Why there is no released server here. False: there is one. */
export const isReleasedMissing: false | string = await git('cat-file', '-e', `${commit}^{commit}`).then(
  () => false,
  () => `version ${releasedVersion} (${commit}) is not here: this needs git, and a clone with its history`,
);

/**
 * Compiles the server of the last release, from the history of git, with the packages that are here.
 * @returns its path, for `startService`.
 */
export async function compileReleased(t: Scope): Promise<string> {
  const folder = await temporaryFolder(t);
  const archive = join(folder, 'released.tar');
  await git('archive', '--output', archive, commit);
  await promisify(execFile)('tar', ['-xf', archive, '-C', folder]);
  await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
  await build({
    absWorkingDir: folder,
    entryPoints: ['src/**/*.ts', 'db/**/*.ts'],
    outbase: '.',
    outdir: 'dist',
    format: 'esm',
    platform: 'node',
    target: 'node20',
  });
  return relative(fileURLToPath(new URL('../../', import.meta.url)), join(folder, 'dist/src/server.js'));
}
