import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { projectRoot } from '../../db/project-root.js';
import { settings } from '../../src/config.js';

/** Defaults that depend on the machine: the table describes them in words. */
const DESCRIBED = ['DATA_DIR', 'CLAIM_LANES'];

t.test('docs/settings.md lists every setting with its default, in the order of src/config.ts', async (t) => {
  const text = readFileSync(join(projectRoot, 'docs', 'settings.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `([A-Z_]+)` \|([^|]*)\|([^|]*)\|$/gm)];
  t.same(
    rows.map(([, name]) => name),
    Object.keys(settings),
  );
  for (const [, name = '', shown = '', meaning = ''] of rows) {
    t.ok(meaning.trim(), `${name} has a meaning`);
    if (DESCRIBED.includes(name)) continue;
    const setting = settings[name as keyof typeof settings];
    t.equal(shown.trim(), 'default' in setting ? String(setting.default) : '', `the default of ${name}`);
  }
});
