import uPlot from 'uplot';
import { find, setAttribute, setText } from './elements.js';
import { HISTORY_SECONDS, type Series } from './history.js';
import { clockWords, countOf, countWords } from './words.js';

const HEIGHT_PX = 220;
/** The axis is at least this long: one second would be as wide as the chart otherwise. */
const SECONDS_MIN = 60;

/** The units left, as a line, and the claims in each second, as bars. */
export class Chart {
  readonly #box = find('#chart');
  #plot: uPlot | undefined;

  constructor() {
    // The colours are drawn, so they have to be read again.
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      const data = this.#plot?.data;
      this.#plot?.destroy();
      this.#plot = undefined;
      if (data) this.#draw(data);
    });
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(this.#box);
  }

  render({ seconds, stock, claims }: Series): void {
    const data: uPlot.AlignedData = [seconds, claims, stock];
    if (this.#plot) this.#plot.setData(data);
    else this.#draw(data);
    const most = Math.max(0, ...claims.map((count) => count ?? 0));
    const words = `Units left and claims per second since ${clockWords(1000 * (seconds[0] ?? 0))}: `;
    setAttribute(
      this.#box,
      'aria-label',
      `${words}${countOf(stock.at(-1) ?? 0, 'unit')} left, at most ${countOf(most, 'claim')} in a second`,
    );
  }

  #size() {
    return { width: Math.max(1, this.#box.clientWidth), height: HEIGHT_PX };
  }

  #draw(data: uPlot.AlignedData): void {
    const colour = (name: string) => getComputedStyle(this.#box).getPropertyValue(name).trim();
    const axis = (scale: string): uPlot.Axis => ({
      scale,
      stroke: colour('--muted'),
      font: `12px ${getComputedStyle(this.#box).fontFamily}`,
      size: 52,
      ticks: { show: false },
      grid: { show: scale === 'stock', stroke: colour('--line'), width: 1 },
      values: (_, values) => values.map((value) => (Number.isInteger(value) ? short.format(value) : '')),
    });
    // A scale of its own for what has the other unit; both start at 0.
    const fromZero = (least: number): uPlot.Scale => ({
      range: (_, _min, max) => [0, Math.max(least, 1.08 * (max ?? 0))],
    });
    const options: uPlot.Options = {
      ...this.#size(),
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      padding: [10, 4, 0, 4],
      scales: {
        x: { time: true, range: (_, min, max) => [Math.min(min, max - SECONDS_MIN), max] },
        stock: fromZero(4),
        claims: fromZero(4),
      },
      axes: [
        {
          ...axis('x'),
          size: 30,
          space: 90,
          grid: { show: false },
          values: (_, seconds) => seconds.map((second) => clockWords(1000 * second)),
        },
        { ...axis('stock'), side: 3 },
        { ...axis('claims'), side: 1 },
      ],
      series: [
        {},
        {
          scale: 'claims',
          fill: colour('--claims'),
          stroke: colour('--claims'),
          width: 0,
          points: { show: false },
          paths: uPlot.paths.bars!({ size: [0.8, 24], align: 1 }),
        },
        {
          scale: 'stock',
          stroke: colour('--accent'),
          width: 2,
          points: { show: false },
          paths: uPlot.paths.stepped!({ align: 1 }),
        },
      ],
      hooks: { setCursor: [showValues] },
    };
    this.#plot = new uPlot(options, data, this.#box);
  }
}

const short = new Intl.NumberFormat('en-GB', { notation: 'compact' });

/** What the pointer is at. */
function showValues({ data, cursor: { idx } }: uPlot): void {
  const second = idx === null || idx === undefined ? undefined : data[0][idx];
  const words =
    second === undefined
      ? `the last ${HISTORY_SECONDS / 60} minutes`
      : `${clockWords(1000 * second)}: ${countWords(data[2]![idx!] ?? 0)} left, ${countOf(data[1]![idx!] ?? 0, 'claim')}`;
  setText(find('#chart-values'), words);
}
