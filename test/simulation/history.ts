import { HandTransaction } from './by-hand.js';
import { Customer } from './customer.js';
import type { Subject } from './engine.js';
import { breakIt } from './faults.js';
import type { Plan, PlannedEvent } from './plan.js';
import { Server } from './server.js';
import { World } from './world.js';

/** Runs a history to its end, or until a promise is broken. */
export async function runHistory(
  plan: Plan,
  subject: Subject,
  onNote?: (ms: number, text: string) => void,
): Promise<World> {
  const history = new History(new World(plan, subject, onNote), subject);
  // Nobody reads the stacks of simulated failures, and they cost as much as the rest.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    await history.run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return history.world;
}

class History {
  readonly world: World;
  readonly #subject: Subject;
  readonly #servers: Server[] = [];
  readonly #customers: Customer[] = [];

  constructor(world: World, subject: Subject) {
    this.world = world;
    this.#subject = subject;
    for (let number = 1; number <= world.plan.servers; number++) {
      this.#servers.push(new Server(world, subject.engine, number));
    }
  }

  async run(): Promise<void> {
    const { plan, postgres, invariants } = this.world;
    for (const { name, amount } of plan.coupons) postgres.create(name, amount);
    for (const event of plan.events) this.world.when(event.at, () => this.#happen(event));
    await this.#runToEnd();
    this.world.calmDown();
    await this.#runToEnd();
    this.#askOnceMore();
    await this.#runToEnd();
    if (!invariants.violation) invariants.atEnd();
  }

  async #runToEnd(): Promise<void> {
    const { clock, invariants } = this.world;
    if (!invariants.violation) await clock.run(() => invariants.afterStep());
  }

  #happen(event: PlannedEvent): void {
    switch (event.kind) {
      case 'claim': {
        const customer = new Customer(this.world, this.#servers, event);
        this.#customers.push(customer);
        customer.ask();
        return;
      }
      case 'hand':
        new HandTransaction(this.world, event).run();
        return;
      case 'kill':
        this.#kill(event.server);
        return;
      default:
        breakIt(this.world, this.#servers, event);
    }
  }

  /** Kills a server process, and starts another one in its place. */
  #kill(number: number): void {
    const server = this.#servers[number - 1];
    if (!server) return;
    this.world.note?.(`server ${number} is killed, and starts again`);
    server.kill();
    this.#servers[number - 1] = new Server(this.world, this.#subject.engine, number);
    for (const customer of this.#customers) customer.onKilled(server);
  }

  /** After all faults, every lane decides claims. */
  #askOnceMore(): void {
    const { clock, plan } = this.world;
    for (let server = 1; server <= plan.servers; server++) {
      for (const { name: coupon } of plan.coupons) {
        const claim = { server, coupon, user: 'zoe', at: clock.now, retries: 0, retryMs: 0 };
        new Customer(this.world, this.#servers, { kind: 'claim', ...claim }).ask();
      }
    }
  }
}
