import type { Registry } from 'prom-client';
import { Histogram, type Recorder, SECONDS } from './histogram.js';

/** The durations of queries, by what they are for. A batch of claims is one query. */
export class QueryTimes {
  readonly #histogram: Histogram;
  readonly #recorders = new Map<string, Recorder>();

  constructor(registry: Registry) {
    this.#histogram = new Histogram(
      registry,
      'db_client_operation_duration_seconds',
      'The time of a query, without the wait for a connection. A batch of claims is one query.',
      SECONDS,
    );
  }

  record(kind: string, ms: number, error: unknown): void {
    const errorType = error === undefined ? '' : typeOf(error);
    const key = `${kind} ${errorType}`;
    let recorder = this.#recorders.get(key);
    if (!recorder) {
      const labels = { db_system_name: 'postgresql', db_operation_name: kind, error_type: errorType };
      recorder = this.#histogram.recorder(labels);
      this.#recorders.set(key, recorder);
    }
    recorder.record(ms / 1_000);
  }
}

/** An SQLSTATE, a code of the system, or the name of a class. All of them are few. */
function typeOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : (error as Error).constructor.name;
}
