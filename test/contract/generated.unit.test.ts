import { execFile } from 'node:child_process';
import { cp, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { projectRoot } from '../../db/project-root.js';
import { type Contract, readContract } from '../../src/contract.js';

/** What `npm run check:generated` reads. */
const SOURCES = ['generated', 'src/contract.ts', 'db/project-root.ts', 'package.json', 'tsconfig.json'];

/** Runs the check in a copy of the project with another contract. Returns its exit code and what it says. */
async function check(folder: string, contract: Contract): Promise<{ code: number; stderr: string }> {
  for (const source of SOURCES)
    await cp(join(projectRoot, source), join(folder, source), { recursive: true });
  await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'openapi.yaml'), JSON.stringify(contract));
  const options = { cwd: folder, env: { ...process.env, NODE_V8_COVERAGE: '' } };
  return promisify(execFile)('npm', ['run', '--silent', 'check:generated'], options).then(
    () => ({ code: 0, stderr: '' }),
    ({ code, stderr }) => ({ code, stderr }),
  );
}

t.test('generated/ is up to date', async (t) => {
  t.strictSame(await check(t.testdir(), readContract()), { code: 0, stderr: '' });
});

t.test('generated/ is stale once a response carries another code', async (t) => {
  const contract = readContract();
  const responses = contract.paths['/api/coupons/claim']?.['post']?.responses;
  (responses as Record<string, { 'x-problem-codes': string[] }>)['409']?.['x-problem-codes'].pop();
  const { code, stderr } = await check(t.testdir(), contract);
  t.equal(code, 1);
  t.match(stderr, 'generated/openapi.d.ts is not up to date: run npm run generate');
});
