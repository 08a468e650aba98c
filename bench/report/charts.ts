import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { Burst } from '../load/plan.js';
import { FIGURES, type Figure, type Results, type Row, rowsOf } from './results.js';

/** A part of a vega-lite specification. */
type Spec = Record<string, unknown>;

const INK = '#1e293b';
const GREY = '#64748b';
const COLORS = {
  engine: '#2563eb',
  'engine, empty table': '#94a3b8',
  ceiling: '#94a3b8',
  'row-lock': '#ea580c',
  statement: '#0d9488',
  refusal: '#cbd5e1',
  serverCpuUs: '#2563eb',
  databaseCpuUs: '#a78bfa',
  p50Ms: '#93c5fd',
  p99Ms: '#2563eb',
  p999Ms: '#1e3a8a',
  'claimed (200)': '#16a34a',
  'sold out (400)': '#cbd5e1',
};
const LABELS = { labelColor: INK, labelFontSize: 12, labelLimit: 200, title: null };
const CONFIG = {
  font: 'system-ui, sans-serif',
  view: { stroke: null },
  title: { anchor: 'start', color: INK, fontSize: 15, subtitleColor: GREY, subtitleFontSize: 12, offset: 16 },
  axis: {
    ...LABELS,
    labelPadding: 6,
    labelAngle: 0,
    gridColor: '#e2e8f0',
    domain: false,
    ticks: false,
  },
  legend: { ...LABELS, orient: 'top', columnPadding: 24 },
  text: { color: INK, fontSize: 11 },
};
const BAR = { type: 'bar', cornerRadiusEnd: 2 };

/** Draws the charts of a run, as SVG that needs no script and no network. */
export async function drawCharts({ measurements }: Results): Promise<string[]> {
  const rows = rowsOf(measurements).map((row) => ({
    ...row,
    name: row.server === 'engine' ? row.label : `${row.label}, ${row.server}`,
  }));
  const at = (axis: string) => rows.filter((row) => row.axis === axis);
  // A lone connection and a burst do not show throughput.
  const busy = at('Scenario').filter(({ label }) => label !== 'single' && label !== 'flash-sale');
  const costly = busy.filter(({ serverCpuUs }) => serverCpuUs !== null);
  const lone = at('Scenario').filter(({ label }) => label === 'single');
  const memory = at('Connections').filter((row) => row.server === 'engine' && row.serverMiB !== null);
  const burst = measurements.find((one) => one.burst)?.burst;
  const charts: Promise<string>[] = [];
  const add = (values: Spec[], text: string, subtitle: string, spec: Spec) => {
    if (values.length > 0) charts.push(draw({ title: { text, subtitle }, data: { values }, ...spec }));
  };

  add(busy, 'Answers per second', 'Bars and figures are medians, dots are rounds', throughput());
  add(costly, 'Processor time per answer', 'Microseconds, of all processes of server and PostgreSQL', cost());
  add(at('Load'), 'Latency at fixed rates', 'Milliseconds, by percent of the capacity', percentiles('label'));
  add(lone, 'Latency of a lone claim', 'Milliseconds, on one connection', percentiles('server'));
  for (const axis of ['Claims in the table', 'Coupons', 'Connections']) {
    const [rows, by] = [at(axis), `by ${axis.toLowerCase()}`];
    const step = axis === 'Coupons' ? 'Closed loop' : 'One hot coupon, closed loop';
    add(rows, `Claims per second, ${by}`, step, lines(rows, 'perSecond'));
    add(rows, `p99 latency, ${by}`, 'Milliseconds, in the same runs', lines(rows, 'p99Ms'));
  }
  const peak = 'MiB at the peak, a new server for each point';
  add(memory, 'Server memory, by connections', peak, lines(memory, 'serverMiB'));
  if (burst) {
    const subtitle = `100,000 users for 1,000 units, in steps of ${burst.intervalMs} ms`;
    add(answersOver(burst), 'Flash sale: answers per second', subtitle, timeline(burst));
  }
  return Promise.all(charts);
}

/** Draws a specification as SVG, in the style of the benchmark. */
export async function draw(spec: Spec): Promise<string> {
  const whole = { width: 440, height: 220, background: null, config: CONFIG, ...spec };
  const { spec: compiled } = compile(whole as unknown as TopLevelSpec);
  return new View(parse(compiled), { renderer: 'none' }).toSVG();
}

/** Horizontal bars, with their figures in a column on the right. */
function ranking(figure: string, bars: Spec[]): Spec {
  const width = 320;
  const mark = { type: 'text', align: 'right', dx: 54, fontWeight: 'bold', fontSize: 12 };
  const figures = { mark, encoding: { x: { value: width }, text: text(figure) } };
  return { width, height: { step: 32 }, encoding: { y: name('name') }, layer: [...bars, figures] };
}

function throughput(): Spec {
  const colors = color('server', ['engine', 'ceiling', 'row-lock', 'statement', 'refusal']);
  const mark = { type: 'circle', size: 22, color: INK, opacity: 0.55 };
  return ranking('perSecond', [
    { mark: BAR, encoding: { x: number('perSecond'), color: { ...colors, legend: null } } },
    { transform: [{ flatten: ['measurements'] }], mark, encoding: { x: number('measurements.perSecond') } },
  ]);
}

function cost(): Spec {
  const parts = ['serverCpuUs', 'databaseCpuUs'] as const;
  const transform = [{ calculate: 'datum.serverCpuUs + datum.databaseCpuUs', as: 'cpuUs' }];
  const encoding = { x: number('value'), color: color('key', parts) };
  return { transform, ...ranking('cpuUs', [{ transform: [{ fold: parts }], mark: BAR, encoding }]) };
}

/** Three columns for each row, with their figures above. */
function percentiles(rowName: string): Spec {
  const parts = ['p50Ms', 'p99Ms', 'p999Ms'] as const;
  return {
    transform: [{ fold: parts }],
    encoding: { x: name(rowName), xOffset: { field: 'key', sort: null }, y: number('value') },
    layer: [
      { mark: BAR, encoding: { color: color('key', parts) } },
      { mark: { type: 'text', dy: -8 }, encoding: { text: text('value') } },
    ],
  };
}

/** A line for each server, over sizes at equal distances. */
function lines(rows: Row[], figure: Figure): Spec {
  const servers = [...new Set(rows.map(({ server }) => server as keyof typeof COLORS))];
  return {
    encoding: { x: { ...name('label'), scale: { padding: 0.4 } }, y: number(figure) },
    layer: [
      { mark: { type: 'line', point: true }, encoding: { color: color('server', servers) } },
      // The figures of two lines would overlap.
      {
        transform: [{ filter: 'datum.server === "engine"' }],
        mark: { type: 'text', dy: -12 },
        encoding: { text: text(figure) },
      },
    ],
  };
}

/** Answers in each interval, stacked, and the moment at which the last unit went. */
function timeline({ soldOutMs }: Burst): Spec {
  const axis = { title: 'seconds since the start', titleFontWeight: 'normal', grid: false };
  const x = { field: 'from', bin: 'binned', type: 'quantitative', axis };
  const colors = color('answer', ['claimed (200)', 'sold out (400)']);
  const data = { values: [{ soldOut: soldOutMs / 1000 }] };
  const mark = { type: 'text', align: 'left', dx: 5, text: `sold out after ${Math.round(soldOutMs)} ms` };
  return {
    layer: [
      { mark: 'bar', encoding: { x, x2: { field: 'to' }, y: number('perSecond'), color: colors } },
      { data, mark: { type: 'rule', strokeDash: [5, 4] }, encoding: { x: number('soldOut') } },
      { data, mark, encoding: { x: number('soldOut'), y: { value: -6 } } },
    ],
  };
}

function answersOver({ successes, refusals, intervalMs }: Burst): Spec[] {
  const rows = (answer: string, counts: number[]) =>
    counts.map((count, i) => ({
      answer,
      from: (i * intervalMs) / 1000,
      to: ((i + 1) * intervalMs) / 1000,
      perSecond: (count * 1000) / intervalMs,
    }));
  return [...rows('claimed (200)', successes), ...rows('sold out (400)', refusals)];
}

function number(field: string): Spec {
  return { field, type: 'quantitative' };
}

function name(field: string): Spec {
  return { field, type: 'nominal', sort: null };
}

/** A figure with three significant digits. */
function text(field: string): Spec {
  return { field, type: 'quantitative', format: ',.3r' };
}

function color(field: string, names: readonly (keyof typeof COLORS)[]): Spec {
  // Columns of tables and legends have the same names.
  const legend = { labelExpr: `${JSON.stringify(FIGURES)}[datum.label] || datum.label` };
  return {
    ...name(field),
    scale: { domain: names, range: names.map((name) => COLORS[name]) },
    legend: names.length > 1 ? legend : null,
  };
}
