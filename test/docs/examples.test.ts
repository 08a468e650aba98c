import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { projectRoot } from '../../db/project-root.js';
import { createDatabase } from '../support/database.js';
import {
  DOCUMENTED_AUDIT,
  DOCUMENTED_URL,
  type Example,
  isAsShown,
  readExamples,
} from '../support/examples.js';
import { startService } from '../support/process.js';

const run = promisify(execFile);
const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false,
);

/** The command, as compiled for the tests. */
const AUDIT = `'${process.execPath}' '${fileURLToPath(new URL('../../src/audit.js', import.meta.url))}'`;

const guides = (await readdir(join(projectRoot, 'docs'))).filter((name) => name.endsWith('.md'));
const documents = new Map<string, Example[]>();
for (const name of ['README.md', ...guides.map((guide) => `docs/${guide}`)]) {
  const examples = readExamples(await readFile(join(projectRoot, name), 'utf8'));
  if (examples.length > 0) documents.set(name, examples);
}

t.test('README.md has examples', async (t) => {
  t.ok(documents.has('README.md'));
});

for (const [name, examples] of documents) {
  t.test(
    `the examples of ${name} can be pasted, and print what it shows`,
    { skip: hasCurl ? false : 'curl is not on this machine' },
    async (t) => {
      const { url } = await createDatabase(t);
      let service = startService(t, { DATABASE_URL: url });
      let client = await service.listening();
      // In their order, because each may continue what the ones before it did.
      for (const { line, command, output, settings } of examples) {
        if (settings) {
          await service.stop();
          service = startService(t, { DATABASE_URL: url, ...settings });
          client = await service.listening();
          continue;
        }
        const runnable = command.replaceAll(DOCUMENTED_URL, client.url).replaceAll(DOCUMENTED_AUDIT, AUDIT);
        const { stdout } = await run('bash', ['-c', runnable], {
          env: { ...process.env, DATABASE_URL: url },
        });
        const printed = stdout.replaceAll(client.url, DOCUMENTED_URL);
        const ok = output === undefined || isAsShown(output, printed);
        t.ok(ok, `the block at ${name}:${line}`, { command, shown: output, printed });
      }
    },
  );
}
