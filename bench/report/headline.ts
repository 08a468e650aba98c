import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../db/project-root.js';
import { bars, draw } from './charts.js';

/** Draws the picture in README from committed figures. Usage: npx tsx bench/report/headline.ts */

const RESULTS = join(projectRoot, 'bench/results/2026-11-30-wrk.md');
const PICTURE = join(projectRoot, 'docs/assets/headline.svg');
const NAMES = { engine: 'this service', statement: 'one statement per claim', 'row-lock': 'row lock' };
/** Text is readable on the light and the dark page of GitHub. */
const STYLE = '<style>text{fill:#1f2328}@media(prefers-color-scheme:dark){text{fill:#f0f6fc}}</style>';

const rows = (await readFile(RESULTS, 'utf8'))
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()));

/** A chart of the sum of these columns of the table. */
const chart = (title: string, columns: number[]) => {
  const values = Object.entries(NAMES).map(([server, name]) => {
    const cells = rows.find((row) => row[1] === 'hot' && row[2] === server);
    if (!cells) throw new Error(`${RESULTS} has no figures of hot on ${server}`);
    const figures = columns.map((i) => Number(cells[i]!.replaceAll(',', '')));
    return { name, server, value: figures.reduce((sum, figure) => sum + figure), rounds: [] };
  });
  return { title, data: { values }, ...bars('server') };
};
const svg = await draw({
  title: { text: 'One coupon, 100 connections', subtitle: 'On 2 cores that also run wrk and PostgreSQL' },
  vconcat: [chart('Claims per second', [3]), chart('Processor time per claim, µs', [7, 8])],
});
await writeFile(PICTURE, `${svg.replace('>', `>${STYLE}`)}\n`);
