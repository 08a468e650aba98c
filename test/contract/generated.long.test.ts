import { execFile } from 'node:child_process';
import { cp, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { projectRoot } from '../../db/project-root.js';
import { readContract } from '../../src/contract.js';

/** What `npm run check:generated` reads, and the two commands that it runs. */
const SOURCES = ['generated', 'clients/typescript', 'src/contract.ts', 'db/project-root.ts', 'package.json'];
const COMMANDS = ['generated/generate.ts', 'clients/typescript/generate.ts'];

t.test('what is generated is stale once a response carries another code', async (t) => {
  const folder = t.testdir();
  for (const source of SOURCES)
    await cp(join(projectRoot, source), join(folder, source), { recursive: true });
  await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
  const contract = readContract();
  const { ClaimConflict } = contract.components?.responses as Record<string, { 'x-problem-codes': string[] }>;
  ClaimConflict?.['x-problem-codes'].pop();
  await writeFile(join(folder, 'openapi.yaml'), JSON.stringify(contract));

  const options = { cwd: folder, env: { ...process.env, NODE_V8_COVERAGE: '' } };
  await Promise.all(
    COMMANDS.map(async (command) => {
      const check = promisify(execFile)('npx', ['tsx', command, '--check'], options);
      const file = command.replace(/(generated\/)?generate\.ts$/, 'generated/openapi.d.ts');
      await t.rejects(check, {
        code: 1,
        message: new RegExp(`${file} is not up to date: run npm run generate`),
      });
    }),
  );
});
