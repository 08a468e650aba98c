import { type Chart, columns, lines, ranking, type Series, timeline } from './chart-kinds.js';
import type { Growth } from './growth.js';
import type { Measurement } from './measure.js';
import { type Group, groups, medianOf, type Results, round } from './report.js';

/** What is shown of a run. */

const COLORS: Record<Measurement['server'] | 'database', string> = {
  engine: '#2563eb',
  'row-lock': '#ea580c',
  statement: '#0d9488',
  ceiling: '#94a3b8',
  refusal: '#cbd5e1',
  database: '#a78bfa',
};

export function drawCharts({ rounds, latency, growth }: Results): Chart[] {
  const all = groups(rounds);
  // A lone connection and a burst are no measure of throughput.
  const busy = all.filter(({ label }) => label !== 'flash-sale' && label !== 'single');
  const lone = all.filter(({ label }) => label === 'single');
  const burst = rounds.flat().find((measurement) => measurement.burst);
  const charts: Chart[] = [];
  if (busy.length > 0) charts.push(throughput(busy));
  if (busy.some(({ measurements }) => measurements.some(({ cpuUsPerAnswer }) => cpuUsPerAnswer)))
    charts.push(cost(busy));
  if (latency) {
    charts.push(
      columns(
        'Latency at fixed rates',
        `Milliseconds from the moment at which a claim was due (open loop); the capacity is ${round(latency.capacity)} claims/s.`,
        latency.points.map(({ share }) => `${share * 100} % of the capacity`),
        percentiles(latency.points.map(({ measurements }) => measurements)),
      ),
    );
  }
  if (lone.length > 0) {
    charts.push(
      columns(
        'Latency of a lone claim',
        'Milliseconds; one connection, one claim after the other; medians of the rounds.',
        lone.map(({ server }) => server),
        percentiles(lone.map(({ measurements }) => measurements)),
      ),
    );
  }
  if (growth) charts.push(...growthCharts(growth));
  if (burst) charts.push(flashSale(burst));
  return charts;
}

const nameOf = ({ label, server }: Group) => (server === 'engine' ? label : `${label}, ${server}`);

function throughput(all: Group[]): Chart {
  return ranking(
    'Answers per second',
    'Closed loop. Bars and figures are medians, dots are the rounds.',
    all.map((group) => ({
      name: nameOf(group),
      parts: [medianOf(group.measurements, ({ perSecond }) => perSecond) ?? 0],
      colors: [COLORS[group.server]],
      dots: group.measurements.map(({ perSecond }) => perSecond),
    })),
  );
}

function cost(all: Group[]): Chart {
  return ranking(
    'Processor time per answer',
    'Microseconds, of all processes of the server and of PostgreSQL; medians of the rounds.',
    all.map((group) => ({
      name: nameOf(group),
      parts: [
        medianOf(group.measurements, ({ cpuUsPerAnswer }) => cpuUsPerAnswer?.server) ?? 0,
        medianOf(group.measurements, ({ cpuUsPerAnswer }) => cpuUsPerAnswer?.database) ?? 0,
      ],
      colors: [COLORS.engine, COLORS.database],
      dots: [],
    })),
    ['server', 'PostgreSQL'],
  );
}

function percentiles(points: Measurement[][]): Series[] {
  const series = (name: string, color: string, key: 'p50' | 'p99' | 'p999') => ({
    name,
    color,
    values: points.map((measurements) => medianOf(measurements, ({ latencyMs }) => latencyMs[key])),
  });
  return [
    series('p50', '#93c5fd', 'p50'),
    series('p99', '#2563eb', 'p99'),
    series('p99.9', '#1e3a8a', 'p999'),
  ];
}

type Point = { size: number; full: Measurement[] };

function growthCharts({ rows, coupons, connections }: Growth): Chart[] {
  const perSecond = (measurements: Measurement[]) => medianOf(measurements, (one) => one.perSecond);
  const p99 = (measurements: Measurement[]) => medianOf(measurements, (one) => one.latencyMs.p99);
  const memory = (measurements: Measurement[]) => medianOf(measurements, (one) => one.residentPeakMiB);
  const chart = (title: string, subtitle: string, points: Point[], figure: typeof p99, more: Series[] = []) =>
    lines(
      title,
      subtitle,
      points.map(({ size }) => size.toLocaleString('en')),
      [{ name: 'engine', color: COLORS.engine, values: points.map(({ full }) => figure(full)) }, ...more],
    );
  const emptyTable = (figure: typeof p99): Series[] => [
    {
      name: 'an empty table, in the same minute',
      color: COLORS.ceiling,
      values: rows.map(({ empty }) => figure(empty)),
    },
  ];
  const noDatabase = (figure: typeof p99): Series[] => [
    {
      name: 'ceiling (no database)',
      color: COLORS.ceiling,
      values: connections.map(({ ceiling }) => figure(ceiling)),
    },
  ];
  const charts = [
    chart(
      'Claims per second, by claims in the table',
      'One hot coupon, closed loop; never analyzed, plans made while the table was empty.',
      rows,
      perSecond,
      emptyTable(perSecond),
    ),
    chart(
      'p99 latency, by claims in the table',
      'Milliseconds, in the same runs (closed loop).',
      rows,
      p99,
      emptyTable(p99),
    ),
    chart('Claims per second, by number of coupons', 'Closed loop.', coupons, perSecond),
    chart('p99 latency, by number of coupons', 'Milliseconds, in the same runs (closed loop).', coupons, p99),
    chart(
      'Claims per second, by connections',
      'One hot coupon, closed loop.',
      connections,
      perSecond,
      noDatabase(perSecond),
    ),
    chart(
      'p99 latency, by connections',
      'Milliseconds, in the same runs (closed loop).',
      connections,
      p99,
      noDatabase(p99),
    ),
  ];
  if (connections.some(({ full }) => memory(full) !== null)) {
    const subtitle = 'MiB, resident, at its peak; a new server for each point.';
    charts.push(chart('Server memory, by connections', subtitle, connections, memory));
  }
  return charts;
}

function flashSale({ burst, connections }: Measurement): Chart {
  const { successes, refusals, intervalMs, soldOutMs } = burst!;
  const perSecond = (counts: number[]) => counts.map((count) => (count * 1000) / intervalMs);
  return timeline(
    'Flash sale: answers per second over time',
    `100,000 users want one of 1,000 units, over ${connections.toLocaleString('en')} connections; the first round, in steps of ${intervalMs} ms.`,
    intervalMs / 1000,
    [
      { name: 'claimed (200)', color: '#16a34a', values: perSecond(successes) },
      { name: 'sold out (400)', color: '#cbd5e1', values: perSecond(refusals) },
    ],
    { seconds: soldOutMs / 1000, name: `sold out after ${round(soldOutMs)} ms` },
  );
}
