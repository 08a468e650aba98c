import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../db/project-root.js';

/**
 * What `npm version` runs once package.json has the new version: gives it to the contract and the Helm chart,
 * too, and stages what it changed for the commit. A release also gets its section of the change log, and its contract is kept
 * beside this file. A prerelease, such as 0.3.0-0, is not one: it announces what the next release may break.
 */
const CHART = 'deploy/helm/Chart.yaml';
const { version } = JSON.parse(read('package.json'));
const isRelease = !version.includes('-');
const changed = ['openapi.yaml', 'generated', 'clients/typescript/generated', CHART];

replaceOnce('openapi.yaml', /^( {2}version: ).*$/m, `$1${version}`);
for (const name of ['version', 'appVersion'])
  replaceOnce(CHART, new RegExp(`^(${name}: ).*$`, 'm'), `$1${version}`);
if (isRelease) {
  const today = new Date().toISOString().slice(0, 10);
  replaceOnce('CHANGELOG.md', /^## \[Unreleased\]\n(?=\n### )/m, `$&\n## [${version}] - ${today}\n`);
  changed.push('CHANGELOG.md');
}
npmRun('generate');
if (isRelease) {
  // Compared with the last contract that is kept, so before this one is.
  npmRun('contract:diff');
  const kept = `docs/contract/${version}.yaml`;
  copyFileSync(join(projectRoot, 'openapi.yaml'), join(projectRoot, kept));
  changed.push(kept);
}
execFileSync('git', ['add', ...changed], { cwd: projectRoot });

function npmRun(script: string): void {
  execFileSync('npm', ['run', '--silent', script], { cwd: projectRoot, stdio: 'inherit' });
}

function read(path: string): string {
  return readFileSync(join(projectRoot, path), 'utf8');
}

/** @throws Error that names the file if it has no such text. */
function replaceOnce(path: string, pattern: RegExp, replacement: string): void {
  const text = read(path);
  if (!pattern.test(text)) throw new Error(`${path} has nothing that matches ${pattern}`);
  writeFileSync(join(projectRoot, path), text.replace(pattern, replacement));
}
