import type { Sql } from 'postgres';
import type { Client } from './client.js';
import { Gate } from './gate.js';

/** Queries beyond the connections wait here, not in postgres.js: their timeout must not start yet. */
const WAITING_MAX = 10_000;
const WAIT_MS_MAX = 5_000;

/** Several clients. Each serves one user at a time, so that one that hangs does not delay the others. */
export class Pool {
  readonly #free: Client[];
  readonly #gate: Gate;

  constructor(clients: readonly Client[]) {
    this.#free = [...clients];
    this.#gate = new Gate({ max: clients.length, waitingMax: WAITING_MAX, waitMsMax: WAIT_MS_MAX });
  }

  /** Runs a query once a client is free. @throws Overloaded, DatabaseTimeout, or the error of postgres.js. */
  async query<T>(run: (sql: Sql) => Promise<T>): Promise<T> {
    const client = await this.take();
    try {
      return await client.query(run);
    } finally {
      this.give(client);
    }
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
