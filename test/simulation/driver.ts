import type { Batch, ServerRun } from './asked.js';
import type { Wanted } from './decide.js';
import { Execution } from './execution.js';
import { ERRORS } from './failures.js';
import { LIMITS } from './plan.js';
import { Session } from './session.js';
import type { World } from './world.js';

interface Query {
  batch: Batch;
  wanted: readonly Wanted[];
  number: number;
  resolve: (rows: { decisions: string }[]) => void;
  reject: (error: Error) => void;
}

const RECONNECT_MS = 10;

/**
 * postgres.js with one connection, as far as claims can tell. It connects for the first query. The
 * first statement of a connection is prepared, and no other is sent meanwhile; later ones are sent one
 * behind the other. When the connection breaks, what was sent fails, and what was not sent goes over
 * the next connection.
 */
export class Driver {
  readonly #world: World;
  readonly #server: ServerRun;
  readonly #lane: number;
  #state: 'closed' | 'connecting' | 'open' | 'ended' = 'closed';
  #session: Session | undefined;
  #isPrepared = false;
  #readyAt = 0;
  readonly #queue: Query[] = [];
  readonly #sent: Query[] = [];

  constructor(world: World, server: ServerRun, lane: number) {
    this.#world = world;
    this.#server = server;
    this.#lane = lane;
  }

  get session(): Session | undefined {
    return this.#session;
  }

  query(query: Query): void {
    if (this.#state === 'ended') {
      query.reject(ERRORS['CONNECTION_ENDED'] as Error);
      return;
    }
    this.#queue.push(query);
    if (this.#state === 'closed') this.#connect();
    else if (this.#state === 'open') this.#send();
  }

  /** Gives the connection up. The queries fail one millisecond later, as by `sql.end({ timeout: 0 })`. */
  end(): void {
    this.#state = 'ended';
    this.#after(1, () => {
      if (this.#session) this.#session.isAbandoned = true;
      for (const query of [...this.#sent.splice(0), ...this.#queue.splice(0)]) {
        query.reject(ERRORS['CONNECTION_DESTROYED'] as Error);
      }
    });
  }

  #connect(): void {
    this.#state = 'connecting';
    const { clock, postgres } = this.#world;
    const start = Math.max(this.#readyAt - clock.now, 0);
    const isRefused = () => clock.now < postgres.refusesUntil;
    this.#after(start + 2, () => {
      if (this.#state !== 'connecting') return;
      if (!isRefused()) return this.#open();
      const code = postgres.refusal;
      this.#after(code === 'CONNECT_TIMEOUT' ? LIMITS.connectTimeoutMs : 0, () => {
        if (this.#state === 'connecting') this.#refused(code);
      });
    });
  }

  #open(): void {
    this.#state = 'open';
    this.#isPrepared = false;
    this.#session = new Session(this.#world, (code) => this.#closed(code));
    this.#note('connects');
    this.#send();
  }

  #refused(code: string): void {
    this.#note(`cannot connect: ${code}`);
    this.#state = 'closed';
    this.#readyAt = this.#world.clock.now + RECONNECT_MS;
    const [query] = this.#queue.splice(0, 1);
    if (this.#queue.length > 0) this.#connect();
    query?.reject(ERRORS[code] as Error);
  }

  #send(): void {
    while (this.#queue.length > 0 && (this.#isPrepared || this.#sent.length === 0)) {
      const query = this.#queue.shift() as Query;
      this.#sent.push(query);
      const session = this.#session as Session;
      const execution = new Execution(
        session,
        query.batch,
        query.number,
        query.wanted,
        (letters) => this.#ended(query, () => query.resolve([{ decisions: letters }])),
        (error) => this.#ended(query, () => query.reject(error)),
      );
      query.batch.execution = execution;
      session.send(execution);
    }
  }

  #ended(query: Query, settle: () => void): void {
    if (this.#server.isDead) return;
    this.#world.reached(this.#server.number, this.#lane, query.number, 'answered');
    this.#sent.splice(this.#sent.indexOf(query), 1);
    this.#isPrepared = true;
    settle();
    this.#send();
  }

  #closed(code: string): void {
    if (this.#session) this.#session.isAbandoned = true;
    if (this.#server.isDead) return;
    this.#note(`loses its connection: ${code}`);
    const sent = this.#sent.splice(0);
    this.#session = undefined;
    if (this.#state === 'open') {
      this.#state = 'closed';
      this.#readyAt = this.#world.clock.now + RECONNECT_MS;
      if (this.#queue.length > 0) this.#connect();
    }
    for (const query of sent) query.reject(ERRORS[code] as Error);
  }

  #note(text: string): void {
    this.#world.note?.(`${this.#world.laneName(this.#server.number, this.#lane)} ${text}`);
  }

  #after(ms: number, run: () => void): void {
    this.#world.clock.after(ms, () => {
      if (!this.#server.isDead) run();
    });
  }
}
