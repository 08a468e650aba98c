import type { Decided } from '../../src/claims/lane.js';
import { Lanes, type Time } from '../../src/claims/lanes.js';
import { settings } from '../../src/config.js';
import type { Clock } from '../../test/simulation/clock.js';
import type { Costs } from './costs.js';
import type { ModelDatabase } from './database.js';
import { type Machine, Thread } from './machine.js';

export interface ServiceOptions {
  clock: Clock;
  machine: Machine;
  costs: Costs;
  /** Coupons are divided among them. */
  databases: ModelDatabase[];
  /** For each database. */
  lanes: number;
  isSoldOut: boolean;
}

const CALLER = { destroyed: false };
const WAITING_MAX = 1_000_000;
const WAIT_MS_MAX = 1_000_000;

/** A process of the service: one thread does HTTP. Its lanes are the real ones, in simulated time. */
export class ModelService {
  readonly thread: Thread;
  readonly #options: ServiceOptions;
  readonly #lanes: Lanes[];

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.thread = new Thread(options.machine, options.costs.serviceSwitchUs);
    this.#lanes = options.databases.map((database) => this.#openLanes(database));
  }

  /** Decides a claim for the coupon of this number, and then calls back. */
  claim(coupon: number, then: () => void): void {
    const { costs, isSoldOut } = this.#options;
    const httpUs = isSoldOut ? costs.refusalHttpUs : costs.claimHttpUs;
    this.thread.run(httpUs / 2, () => {
      const lanes = this.#lanes[coupon % this.#lanes.length]!;
      void lanes
        .claimCoupon(String(coupon), '', undefined, CALLER)
        .then(() => this.thread.run(httpUs / 2, then));
    });
  }

  #openLanes(database: ModelDatabase): Lanes {
    const { clock, costs, lanes, isSoldOut } = this.#options;
    const time: Time = {
      now: () => clock.now,
      // Node.js calls it when what has arrived is done.
      schedule: (callback) => this.thread.run(0, callback),
      pause: (ms) => new Promise((resolve) => clock.after(ms, resolve)),
      every: () => () => {},
    };
    const oneWayMs = costs.roundTripUs / 2_000;
    const open = () => {
      const execute = database.connect();
      return (requests: readonly { couponName: string }[]) => {
        const clientUs = costs.clientUsPerBatch + requests.length * costs.clientUsPerClaim;
        const coupons = requests.map(({ couponName }) => Number(couponName));
        return new Promise<Decided<'claimed'>>((resolve) => {
          const answer = (isContended: boolean) =>
            this.thread.run(clientUs / 2, () =>
              resolve({ outcomes: requests.map(() => 'claimed'), isContended }),
            );
          this.thread.run(clientUs / 2, () =>
            clock.after(oneWayMs, () =>
              execute({ coupons, isSoldOut }, (hasWaited) => clock.after(oneWayMs, () => answer(hasWaited))),
            ),
          );
        });
      };
    };
    return new Lanes({
      run: Array.from({ length: lanes }, open),
      batchSizeMax: settings.CLAIM_BATCH_SIZE_MAX.default,
      waitingMax: WAITING_MAX,
      waitMsMax: WAIT_MS_MAX,
      unknownMsMax: WAIT_MS_MAX,
      time,
    });
  }
}
