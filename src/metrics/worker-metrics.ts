import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
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

  /** @param registry of this process. */
  constructor(registry: Registry) {
    this.#registry = registry;
    cluster.on('exit', ({ id }) => {
      const last = this.#last.get(id) ?? [];
      this.#last.delete(id);
      // Gauges of a process that is gone say nothing.
      const counts = last.filter(({ type }) => String(type) !== 'gauge');
      this.#gone = this.#gone.then((gone) => AggregatorRegistry.aggregate([gone, counts]).getMetricsAsJSON());
    });
  }

  /** The metrics in the text format of Prometheus. */
  async metrics(): Promise<string> {
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
    await Promise.all(workers.map((worker) => this.#ask(worker)));
    const own = await this.#registry.getMetricsAsJSON();
    return AggregatorRegistry.aggregate([own, ...this.#last.values(), await this.#gone]).metrics();
  }

  async #ask(worker: Worker): Promise<void> {
    if (!worker.isConnected()) return;
    const answered = new AbortController();
    const answer = async () => {
      for (;;) {
        const [message] = await once(worker, 'message', { signal: answered.signal });
        if (message?.type === ANSWER) return void this.#last.set(worker.id, message.metrics);
      }
    };
    worker.send(QUESTION, () => {});
    await Promise.race([answer(), once(worker, 'exit', answered), sleep(ANSWER_MS_MAX, undefined, answered)])
      .catch(() => {})
      .finally(() => answered.abort());
  }
}
