import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../db/project-root.js';
import { draw } from './charts.js';

/** Draws the picture in README from committed figures. Usage: npx tsx bench/report/headline.ts */

const RESULTS = join(projectRoot, 'bench/results/2026-11-23-wrk.md');
const PICTURE = join(projectRoot, 'docs/assets/headline.svg');
const NAMES: Record<string, string> = {
  engine: 'this service',
  statement: 'one statement per claim',
  'row-lock': 'row lock',
};
/** Text is readable on the light and the dark page of GitHub. */
const STYLE = '<style>text{fill:#1f2328}@media(prefers-color-scheme:dark){text{fill:#f0f6fc}}</style>';

const rows = (await readFile(RESULTS, 'utf8'))
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()));
const values = Object.entries(NAMES).map(([server, name]) => {
  const cells = rows.find((row) => row[1] === 'hot' && row[2] === server);
  if (!cells) throw new Error(`${RESULTS} has no figures of hot on ${server}`);
  const [perSecond, serverUs, databaseUs] = [3, 7, 8].map((i) => Number(cells[i]!.replaceAll(',', '')));
  return { name, perSecond, cpuUs: serverUs! + databaseUs! };
});

const bars = (field: string, text: string, width: number, axis: object | null) => ({
  title: { text, fontSize: 14, frame: 'group', offset: 8 },
  width,
  height: { step: 34 },
  encoding: {
    y: { field: 'name', type: 'nominal', sort: null, axis },
    x: { field, type: 'quantitative', axis: null },
  },
  layer: [
    {
      mark: { type: 'bar', cornerRadiusEnd: 3, height: { band: 0.7 } },
      encoding: {
        color: { condition: { test: "datum.name === 'this service'", value: '#2f81f7' }, value: '#8b949e' },
      },
    },
    {
      mark: { type: 'text', align: 'left', dx: 6, fontSize: 13, fontWeight: 'bold' },
      encoding: { text: { field, type: 'quantitative', format: ',.0f' } },
    },
  ],
});
const svg = await draw({
  data: { values },
  title: {
    text: 'One coupon, 100 connections of wrk, on 2 cores that also run wrk and PostgreSQL',
    fontSize: 12,
    fontWeight: 'normal',
    orient: 'bottom',
  },
  spacing: 40,
  hconcat: [
    bars('perSecond', 'Claims per second', 220, {
      labelFontSize: 13,
      labelLimit: 300,
      labelAlign: 'left',
      labelPadding: 170,
    }),
    bars('cpuUs', 'Processor time per claim, µs', 180, null),
  ],
});
await writeFile(PICTURE, `${svg.replace('>', `>${STYLE}`)}\n`);
