import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import { AggregatorRegistry, type Registry } from 'prom-client';

/** What a registry holds, in a form that passes between processes. */
type Snapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

const QUESTION = 'metrics?';
const ANSWER = 'metrics';
/** A worker that is busy for longer answers with what it said the last time. */
const ANSWER_MS_MAX = 1_000;

/** In a worker: answers the primary process, which sums up. */
export function answerPrimary(registry: Registry): void {
  process.on('message', async (message) => {
    if (message !== QUESTION) return;
    const metrics = await registry.getMetricsAsJSON();
    process.send?.({ type: ANSWER, metrics }, undefined, undefined, () => {});
  });
}

/** In the primary process: sums the metrics of all processes up. */
export class WorkerMetrics {
  readonly #registry: Registry;
  readonly #last = new Map<number, Snapshot>();
  /** Counts of workers that are gone. Without them, sums would fall, and rates would jump. */
  #gone: Promise<Snapshot> = Promise.resolve([]);
  /** The scrape under way, which others that come meanwhile share. */
  #reading: Promise<string> | undefined;
  /** Called when the worker of this id answers. */
  readonly #waiting = new Map<number, () => void>();

  /** @param registry of this process. */
  constructor(registry: Registry) {
    this.#registry = registry;
    cluster.on('message', (worker, message) => {
      // What a dead worker said last may come after its end, when it is summed up already.
      if (message?.type !== ANSWER || worker.isDead()) return;
      const { id } = worker;
      // Also if nobody waits any more: it is the latest.
      this.#last.set(id, message.metrics);
      this.#waiting.get(id)?.();
    });
    cluster.on('exit', ({ id }) => {
      const last = this.#last.get(id) ?? [];
      this.#last.delete(id);
      this.#waiting.get(id)?.();
      this.#waiting.delete(id);
      // Gauges of a process that is gone say nothing.
      const counts = last.filter(({ type }) => String(type) !== 'gauge');
      this.#gone = this.#gone.then((gone) => AggregatorRegistry.aggregate([gone, counts]).getMetricsAsJSON());
    });
  }

  /** The metrics in the text format of Prometheus. */
  metrics(): Promise<string> {
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #read(): Promise<string> {
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
    await Promise.all(workers.map((worker) => this.#ask(worker)));
    const own = await this.#registry.getMetricsAsJSON();
    return AggregatorRegistry.aggregate([own, ...this.#last.values(), await this.#gone]).metrics();
  }

  async #ask(worker: Worker): Promise<void> {
    if (!worker.isConnected()) return;
    const answered = new Promise<void>((resolve) => this.#waiting.set(worker.id, resolve));
    worker.send(QUESTION, () => {});
    await Promise.race([answered, sleep(ANSWER_MS_MAX, undefined, { ref: false })]);
  }
}
