import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { projectRoot } from '../../db/project-root.js';
import { hashOf } from '../../src/shards/hash.js';
import { awkwardNames, longestName } from '../support/names.js';

t.test('the hash is the published FNV-1a: the vectors of its authors', async (t) => {
  t.equal(hashOf(''), 0x811c9dc5);
  t.equal(hashOf('a'), 0xe40c292c);
  t.equal(hashOf('foobar'), 0xbf9cf968);
});

t.test('the documented names have the documented hashes and shards, for ever', async (t) => {
  const page = readFileSync(join(projectRoot, 'docs/shards.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(.+)` \| ([0-9a-f]{8}) \| (\d+) \| (\d+) \|$/gm)];
  t.equal(rows.length, 7);
  for (const [, name = '', hash, of4, of32] of rows) {
    t.equal(hashOf(name).toString(16).padStart(8, '0'), hash, name);
    t.equal(hashOf(name) % 4, Number(of4), name);
    t.equal(hashOf(name) % 32, Number(of32), name);
  }
});

t.test('names in any script have the hash of their bytes in UTF-8', async (t) => {
  for (const name of [...awkwardNames, longestName]) {
    let hash = 0x811c9dc5n;
    for (const byte of Buffer.from(name)) hash = ((hash ^ BigInt(byte)) * 0x01000193n) % 2n ** 32n;
    t.equal(hashOf(name), Number(hash), name);
  }
});

t.test('shards and lanes get equal parts of names that count up', async (t) => {
  const counts = new Map<string, number>();
  for (let i = 0; i < 32_000; i++) {
    const hash = hashOf(`coupon-${i}`);
    const place = `${hash % 8} ${Math.floor(hash / 8) % 4}`;
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  t.equal(counts.size, 32);
  t.ok(
    [...counts.values()].every((count) => count > 800 && count < 1_200),
    JSON.stringify([...counts.values()]),
  );
});
