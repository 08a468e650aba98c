import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { projectRoot } from '../../db/project-root.js';
import { examplesOf, hasCurl, runExamples } from '../support/run-examples.js';

/** It takes long: tour.long.test.ts. */
const TOUR = 'tour.md';

const guides = (await readdir(join(projectRoot, 'docs'))).filter(
  (name) => name.endsWith('.md') && name !== TOUR,
);

t.test('README.md has examples', async (t) => {
  t.not((await examplesOf('README.md')).length, 0);
});

for (const name of ['README.md', ...guides.map((guide) => `docs/${guide}`)]) {
  const examples = await examplesOf(name);
  if (examples.length === 0) continue;
  t.test(
    `the examples of ${name} can be pasted, and print what it shows`,
    { skip: hasCurl ? false : 'curl is not on this machine' },
    (t) => runExamples(t, name, examples),
  );
}
