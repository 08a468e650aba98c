import { Clock } from '../../test/simulation/clock.js';
import { Random } from '../../test/simulation/random.js';
import { ModelDatabase } from './database.js';
import { exponential } from './exponential.js';
import { Machine, Thread } from './machine.js';
import { ModelService } from './service.js';
import type { Plan } from './simulate.js';

const SEED = 1;

/** What is simulated, at a moment. */
export class World {
  readonly clock = new Clock();
  readonly plan: Plan;
  readonly databases: ModelDatabase[];
  readonly services: ModelService[];
  /** The time that each answered claim took, and when it was answered. */
  readonly answers: { at: number; ms: number }[] = [];
  /** The machine of all, or null: each has its own. */
  readonly shared: Machine | null;
  readonly load: Thread;

  constructor(plan: Plan) {
    this.plan = plan;
    const { clock } = this;
    const { costs, databaseProcessors, processors, lanes, isSoldOut } = plan;
    this.shared = databaseProcessors === null ? new Machine(clock, processors) : null;
    this.databases = Array.from({ length: plan.databases }, () => {
      const machine = this.shared ?? new Machine(clock, databaseProcessors!);
      return new ModelDatabase(clock, machine, costs, plan.walBytesPerSecond);
    });
    this.services = Array.from({ length: plan.services }, () => {
      // Elsewhere, each process of the service has a processor.
      const machine = this.shared ?? new Machine(clock, 1);
      return new ModelService({ clock, machine, costs, databases: this.databases, lanes, isSoldOut });
    });
    // Elsewhere, there is always enough of it.
    this.load = this.shared ? new Thread(this.shared, costs.loadSwitchUs) : new Thread(new Machine(clock, 1));
  }

  /** Each client sends its next claim when the last one is answered, to one service, as the bench does. */
  startClosedLoop(clients: number): void {
    const { coupons, costs } = this.plan;
    for (let i = 0; i < clients; i++) {
      let coupon = Math.floor((i * coupons) / clients);
      const loadUs = this.shared ? costs.loadUs : 0;
      const send = () => this.load.run(loadUs, () => this.#ask(i, coupon++ % coupons, send));
      send();
    }
  }

  /** Claims arrive at random, and the balancer gives each to the next service in turn. */
  startOpenLoop(perSecond: number): void {
    const random = new Random(SEED);
    let count = 0;
    const arrive = () => {
      this.#ask(count++, random.below(this.plan.coupons), () => {});
      this.clock.after(exponential(random, 1_000 / perSecond), arrive);
    };
    arrive();
  }

  #ask(balanced: number, coupon: number, answered: () => void): void {
    const { clock, services, plan } = this;
    // Coupons are divided among the databases by their remainder.
    const byCoupon = Math.floor(coupon / plan.databases);
    const service = services[(plan.isByCoupon ? byCoupon : balanced) % services.length]!;
    const sentAt = clock.now;
    const oneWayMs = plan.clientRoundTripUs / 2_000;
    clock.after(oneWayMs, () =>
      service.claim(coupon, () =>
        clock.after(oneWayMs, () => {
          this.answers.push({ at: clock.now, ms: clock.now - sentAt });
          answered();
        }),
      ),
    );
  }
}
