import type { Sql } from 'postgres';
import type { Client } from './client.js';
import { Gate } from './gate.js';

/** Queries beyond the connections wait here, not in postgres.js: their timeout must not start yet. */
const WAITING_MAX = 10_000;
const WAIT_MS_MAX = 5_000;

/** How many connections of a pool are in use, and how many users wait for one. */
export interface PoolUsage {
  name: string;
  used: number;
  max: number;
  waiting: number;
}

/** Called with each query that has ended. The error is undefined, if it did not fail. */
export type QueryObserver = (pool: string, ms: number, error: unknown) => void;

/** Several clients. Each serves one user at a time, so that one that hangs does not delay the others. */
export class Pool {
  readonly #name: string;
  readonly #max: number;
  readonly #free: Client[];
  readonly #gate: Gate;
  readonly #onQuery: QueryObserver | undefined;

  constructor(name: string, clients: readonly Client[], onQuery?: QueryObserver) {
    this.#name = name;
    this.#max = clients.length;
    this.#onQuery = onQuery;
    this.#free = [...clients];
    this.#gate = new Gate({ max: clients.length, waitingMax: WAITING_MAX, waitMsMax: WAIT_MS_MAX });
  }

  /** Runs a query once a client is free. @throws Overloaded, DatabaseTimeout, or the error of postgres.js. */
  async query<T>(run: (sql: Sql) => Promise<T>): Promise<T> {
    const client = await this.take();
    const startedAt = performance.now();
    let failure: unknown;
    try {
      return await client.query(run);
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      this.give(client);
      this.#onQuery?.(this.#name, performance.now() - startedAt, failure);
    }
  }

  get usage(): PoolUsage {
    const { inside, waiting } = this.#gate;
    return { name: this.#name, used: inside, max: this.#max, waiting };
  }

  /** Waits until a client is free. `give` it back afterwards. @throws Overloaded. */
  async take(): Promise<Client> {
    await this.#gate.enter();
    return this.#free.pop() as Client;
  }

  give(client: Client): void {
    this.#free.push(client);
    this.#gate.leave();
  }
}
