import { execFile } from 'node:child_process';
import { chmod, cp, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import { projectRoot } from '../../db/project-root.js';

/** What `npm version` reads and changes. */
const FILES = [
  ...['package.json', 'package-lock.json', '.npmrc', '.gitignore', 'tsconfig.json', 'CHANGELOG.md'],
  ...['openapi.yaml', 'generated', 'docs/contract', 'db/project-root.ts', 'src/contract.ts'],
  ...['clients/typescript', 'test/contract', 'test/support/seen-answers.ts', 'deploy/helm/Chart.yaml'],
];
/** In front of the others: no test of `npm test` downloads oasdiff. */
const NOT_HERE = '#!/bin/sh\nexit 127\n';

const hasGit = await promisify(execFile)('git', ['--version']).then(
  () => true,
  () => false,
);

/** Makes a repository of the project, with one commit. Returns what runs a program in it. */
async function makeRepository(t: Test) {
  const folder = t.testdir({ project: {}, bin: { go: NOT_HERE, oasdiff: NOT_HERE } });
  const [project, bin] = [join(folder, 'project'), join(folder, 'bin')];
  for (const name of ['go', 'oasdiff']) await chmod(join(bin, name), 0o755);
  for (const file of FILES) await cp(join(projectRoot, file), join(project, file), { recursive: true });
  await symlink(join(projectRoot, 'node_modules'), join(project, 'node_modules'));
  const person = { GIT_CONFIG_GLOBAL: '/dev/null', EMAIL: 'release@example.com' };
  const names = { GIT_AUTHOR_NAME: 'Release', GIT_COMMITTER_NAME: 'Release' };
  const env = {
    ...process.env,
    ...person,
    ...names,
    NODE_V8_COVERAGE: '',
    PATH: `${bin}:${process.env['PATH']}`,
  };
  const run = async (program: string, ...parameters: string[]) => {
    const { stdout } = await promisify(execFile)(program, parameters, { cwd: project, env });
    return stdout.trim();
  };
  await run('git', 'init', '--quiet');
  await run('git', 'add', '.');
  await run('git', 'commit', '--quiet', '--message', 'Begin');
  return { run, read: (path: string) => readFile(join(project, path), 'utf8') };
}

t.test(
  'npm version moves the version of package, contract and chart together, and a release keeps the contract',
  { skip: hasGit ? false : 'git is not on this machine' },
  async (t) => {
    const { run, read } = await makeRepository(t);
    const before = { contract: await read('openapi.yaml'), changes: await read('CHANGELOG.md') };
    const changedFiles = async () =>
      (await run('git', 'show', '--name-only', '--format=')).split('\n').sort();

    await run('npm', 'version', '99.0.0');
    t.strictSame(await changedFiles(), [
      'CHANGELOG.md',
      'deploy/helm/Chart.yaml',
      'docs/contract/99.0.0.yaml',
      'openapi.yaml',
      'package-lock.json',
      'package.json',
    ]);
    t.equal(await run('git', 'log', '-1', '--format=%s'), 'Release 99.0.0');
    t.equal(await run('git', 'describe'), 'v99.0.0');
    const contract = await read('openapi.yaml');
    t.equal(parse(contract).info.version, '99.0.0');
    t.equal(contract.replace('99.0.0', parse(before.contract).info.version), before.contract, 'nothing else');
    t.equal(await read('docs/contract/99.0.0.yaml'), contract);
    const { version, appVersion } = parse(await read('deploy/helm/Chart.yaml'));
    t.strictSame([version, appVersion], ['99.0.0', '99.0.0']);
    const today = new Date().toISOString().slice(0, 10);
    t.equal(
      await read('CHANGELOG.md'),
      before.changes.replace('## [Unreleased]\n', `## [Unreleased]\n\n## [99.0.0] - ${today}\n`),
    );

    await run('npm', 'version', 'premajor');
    t.strictSame(
      await changedFiles(),
      ['deploy/helm/Chart.yaml', 'openapi.yaml', 'package-lock.json', 'package.json'],
      'no release',
    );
    t.equal(parse(await read('openapi.yaml')).info.version, '100.0.0-0');

    await t.rejects(run('npm', 'version', '100.0.0'), { message: /CHANGELOG\.md has nothing that matches/ });
    t.equal(
      await run('git', 'tag'),
      'v100.0.0-0\nv99.0.0',
      'nothing changed, so there is nothing to release',
    );
  },
);
