import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { FIGURES, type Figure, type Results, type Row, rowsOf } from './results.js';

/** A part of a vega-lite specification. */
type Spec = Record<string, unknown>;

const INK = '#1e293b';
const TEXT = { labelColor: INK, labelFontSize: 12, labelLimit: 300, title: null };
const CONFIG = {
  font: 'system-ui, sans-serif',
  view: { stroke: null },
  title: { anchor: 'start', color: INK, fontSize: 15, subtitleColor: '#64748b', offset: 16 },
  axis: { ...TEXT, labelPadding: 6, labelAngle: 0, gridColor: '#e2e8f0', domain: false, ticks: false },
  legend: { ...TEXT, orient: 'top', columnPadding: 24 },
  text: { color: INK, fontSize: 11 },
  range: { category: ['#2563eb', '#94a3b8', '#ea580c', '#0d9488', '#cbd5e1'] },
};

const number = (field: string) => ({ field, type: 'quantitative' });
const name = (field: string) => ({ field, type: 'nominal', sort: null });
/** A value with three significant digits. */
const text = { field: 'value', type: 'quantitative', format: ',.3r' };

/** Horizontal bars, with dots for the rounds. */
export function bars(colorBy: 'figure' | 'server'): Spec {
  const mark = { type: 'circle', size: 22, color: INK, opacity: 0.55 };
  const legend = colorBy === 'figure' ? {} : null;
  return {
    width: 300,
    height: { step: colorBy === 'figure' ? 14 : 32 },
    encoding: { y: name('name'), yOffset: name('figure') },
    layer: [
      { mark: 'bar', encoding: { x: number('value'), color: { ...name(colorBy), legend } } },
      { mark, transform: [{ flatten: ['rounds'] }], encoding: { x: number('rounds') } },
      { mark: { type: 'text', align: 'right', dx: 54 }, encoding: { x: { value: 300 }, text } },
    ],
  };
}

/** A line for each server, over sizes at equal distances. The figures of two lines would overlap. */
const LINES = {
  width: 420,
  height: 220,
  encoding: { x: { ...name('label'), scale: { padding: 0.4 } }, y: number('value') },
  layer: [
    { mark: { type: 'line', point: true }, encoding: { color: name('server') } },
    {
      transform: [{ filter: 'datum.server === "engine"' }],
      mark: { type: 'text', dy: -12 },
      encoding: { text },
    },
  ],
};

/** Draws the charts of a run, as SVG that needs no script and no network. */
export async function drawCharts({ measurements }: Results): Promise<string[]> {
  const rows = rowsOf(measurements);
  const at = (axis: string) => rows.filter((row) => row.axis === axis);
  const lone = at('Scenario').filter(({ label }) => label === 'single');
  // A lone connection and a burst do not show throughput.
  const busy = at('Scenario').filter(({ label }) => label !== 'single' && label !== 'flash-sale');
  const charts: Promise<string>[] = [];
  const add = (text: string, subtitle: string, rows: Row[], figures: Figure[], spec: Spec) => {
    const values = rows.flatMap((row) => figures.flatMap((figure) => pointOf(row, figure)));
    if (values.length > 0) charts.push(draw({ title: { text, subtitle }, data: { values }, ...spec }));
  };

  add('Answers per second', 'Bars are medians, dots are rounds', busy, ['perSecond'], bars('server'));
  const ofAll = 'Microseconds, of all processes of server and PostgreSQL';
  add('Processor time per answer', ofAll, busy, ['serverCpuUs', 'databaseCpuUs'], bars('figure'));
  const percentiles: Figure[] = ['p50Ms', 'p99Ms', 'p999Ms'];
  add('Latency at fixed rates', 'Milliseconds', at('Open loop'), percentiles, bars('figure'));
  add('Latency of a lone claim', 'Milliseconds', lone, percentiles, bars('figure'));
  for (const axis of ['Claims in the table', 'Coupons', 'Connections']) {
    const by = `by ${axis.toLowerCase()}`;
    add(`Claims per second, ${by}`, 'Closed loop', at(axis), ['perSecond'], LINES);
    add(`p99 latency, ${by}`, 'Milliseconds, in the same runs', at(axis), ['p99Ms'], LINES);
  }
  const peak = 'MiB at the peak, a new server for each point';
  add('Server memory, by connections', peak, at('Connections'), ['serverMiB'], LINES);
  return Promise.all(charts);
}

/** Draws a specification as SVG, in the style of the benchmark. */
export async function draw(spec: Spec): Promise<string> {
  const { spec: compiled } = compile({
    background: null,
    config: CONFIG,
    ...spec,
  } as unknown as TopLevelSpec);
  return new View(parse(compiled), { renderer: 'none' }).toSVG();
}

/** A row's median and rounds of a figure. Empty: they are unknown. */
function pointOf({ label, server, rounds, medianOf }: Row, figure: Figure): Spec[] {
  const name = server === 'engine' ? label : `${label}, ${server}`;
  const value = medianOf(figure);
  const all = rounds.map((round) => round[figure]);
  return value === null ? [] : [{ label, server, name, figure: FIGURES[figure], value, rounds: all }];
}
