import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { projectRoot } from '../../db/project-root.js';
import { problemKinds } from '../../src/http/problem-kinds.js';
import { readExamples } from '../support/examples.js';

const tour = readFileSync(join(projectRoot, 'docs', 'tour.md'), 'utf8');

t.test('docs/tour.md provokes every error of the contract, or says how it comes about', async (t) => {
  const provoked = readExamples(tour).flatMap(({ output = '' }) => codesIn(output, /"code":"(\w+)"/g));
  const explained = codesIn(tour, /^\| `(\w+)` \(\d{3}\) \|/gm);
  t.strictSame([...new Set(provoked), ...explained].sort(), Object.keys(problemKinds).sort());
});

t.test('the status of each error in docs/tour.md is that of the contract', async (t) => {
  const shown = readExamples(tour).flatMap(({ output = '' }) => {
    const [status] = codesIn(output, /^HTTP\/1.1 (\d{3})/g);
    return status ? codesIn(output, /"code":"(\w+)"/g).map((code) => [code, Number(status)]) : [];
  });
  const explained = [...tour.matchAll(/^\| `(\w+)` \((\d{3})\) \|/gm)].map(([, code, status]) => [
    code,
    Number(status),
  ]);
  for (const [code, status] of [...shown, ...explained]) {
    t.equal(status, problemKinds[code as keyof typeof problemKinds].status, String(code));
  }
});

function codesIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, code = '']) => code);
}
