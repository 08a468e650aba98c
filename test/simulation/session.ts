import type { Execution } from './execution.js';
import { jitter } from './random.js';
import type { World } from './world.js';

/** A connection and the process of PostgreSQL behind it. Messages keep their order in each direction. */
export class Session {
  readonly world: World;
  /** The code of the ERROR with which the next statement fails. */
  failsNext = '';
  /** The client has given it up: its answers reach nobody. */
  isAbandoned = false;
  #isDead = false;
  readonly #number: number;
  readonly #onClosed: (code: string) => void;
  readonly #executions: Execution[] = [];
  readonly #toServer: Direction = { messages: [], lastAt: 0, isQuiet: true };
  readonly #toClient: Direction = { messages: [], lastAt: 0, isQuiet: false };
  #stalledUntil = 0;
  #messages = 0;

  /** @param onClosed called when the client loses the connection. */
  constructor(world: World, onClosed: (code: string) => void) {
    this.world = world;
    this.#onClosed = onClosed;
    this.#number = world.sessions.length;
    world.sessions.push(this);
  }

  send(execution: Execution): void {
    this.#deliver(this.#toServer, () => {
      if (this.#isDead) return;
      if (this.#executions.push(execution) === 1) execution.begin();
    });
  }

  answer(execution: Execution, deliver: () => void): void {
    this.#deliver(this.#toClient, () => {
      if (this.isAbandoned) return;
      execution.isAnswered = true;
      deliver();
    });
  }

  /** The next statement begins. */
  finish(execution: Execution): void {
    if (this.#executions[0] !== execution) return;
    this.#executions.shift();
    this.#executions[0]?.begin();
  }

  /** PostgreSQL ends the process. What is not committed is rolled back. */
  end(isNoticed: boolean): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#executions[0]?.vanish();
    if (isNoticed) this.#deliver(this.#toClient, () => this.#close('CONNECTION_CLOSED'));
  }

  /** The client loses the connection. PostgreSQL goes on with what it has. */
  reset(isLosing: boolean): void {
    if (isLosing) this.#toServer.messages.length = 0;
    this.#close('ECONNRESET');
  }

  /** Nothing breaks from now on: the client learns that the connection is gone. */
  calmDown(): void {
    this.#stalledUntil = 0;
    this.failsNext = '';
    if (this.#isDead) this.#close('CONNECTION_CLOSED');
  }

  stall(ms: number): void {
    this.#stalledUntil = this.world.clock.now + ms;
  }

  fail(code: string): void {
    this.failsNext = code;
    this.#executions[0]?.abort(code);
  }

  #close(code: string): void {
    if (!this.isAbandoned) this.#onClosed(code);
  }

  #deliver(direction: Direction, deliver: () => void): void {
    const { clock, plan } = this.world;
    const delay = 1 + jitter(3, plan.jitter, this.#number, ++this.#messages);
    direction.lastAt = Math.max(clock.now + delay, direction.lastAt);
    direction.messages.push(deliver);
    clock.at(direction.lastAt, () => this.#pump(direction), direction.isQuiet);
  }

  /** Lets one message through. */
  #pump(direction: Direction): void {
    const { clock } = this.world;
    if (clock.now >= this.#stalledUntil) direction.messages.shift()?.();
    else clock.at(this.#stalledUntil, () => this.#pump(direction), direction.isQuiet);
  }
}

interface Direction {
  messages: (() => void)[];
  lastAt: number;
  isQuiet: boolean;
}
