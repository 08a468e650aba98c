import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { projectRoot } from '../../db/project-root.js';
import { createDatabase } from './database.js';
import { DOCUMENTED_AUDIT, DOCUMENTED_URL, type Example, isAsShown, readExamples } from './examples.js';
import { startService } from './process.js';

const run = promisify(execFile);

/** The command, as compiled for the tests. */
const AUDIT = `'${process.execPath}' '${fileURLToPath(new URL('../../src/audit.js', import.meta.url))}'`;

export const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false,
);

/** @param name the path of a document in this project. */
export async function examplesOf(name: string): Promise<Example[]> {
  return readExamples(await readFile(join(projectRoot, name), 'utf8'));
}

/** Pastes the blocks of a document into a shell, and compares what they print with what it shows. */
export async function runExamples(t: Test, name: string, examples: Example[]): Promise<void> {
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
    const { stdout } = await run('bash', ['-c', runnable], { env: { ...process.env, DATABASE_URL: url } });
    const printed = stdout.replaceAll(client.url, DOCUMENTED_URL);
    const ok = output === undefined || isAsShown(output, printed);
    t.ok(ok, `the block at ${name}:${line}`, { command, shown: output, printed });
  }
}
