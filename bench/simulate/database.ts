import type { Clock } from '../../test/simulation/clock.js';
import { Random } from '../../test/simulation/random.js';
import type { Costs } from './costs.js';
import { exponential } from './exponential.js';
import { type Machine, Thread } from './machine.js';

const SEED = 2;

/** A coupon's row: one statement at a time has it, from its lock to its commit. */
interface Row {
  isHeld: boolean;
  heldSince: number;
  heldMs: number;
  waiting: (() => void)[];
}

/** A batch of claims, as the model of the statement needs it. */
export interface Batch {
  coupons: readonly number[];
  isSoldOut: boolean;
}

/** Called back with whether the batch waited for the row of a coupon. */
type Done = (hasWaited: boolean) => void;

/** A PostgreSQL: processors, rows that are locked, and a log that is flushed for all that wait at once. */
export class ModelDatabase {
  readonly machine: Machine;
  walBytes = 0;
  flushBusyMs = 0;
  batches = 0;
  claims = 0;
  readonly #clock: Clock;
  readonly #costs: Costs;
  readonly #walBytesPerSecond: number;
  readonly #random = new Random(SEED);
  readonly #rows = new Map<number, Row>();
  /** Statements that make claims now, and do not wait for a row. */
  #running = 0;
  #isFlushing = false;
  #unflushed: (() => void)[] = [];
  #unflushedBytes = 0;

  /** @param walBytesPerSecond how much of its log the disk takes. */
  constructor(clock: Clock, machine: Machine, costs: Costs, walBytesPerSecond = Number.POSITIVE_INFINITY) {
    this.#clock = clock;
    this.machine = machine;
    this.#costs = costs;
    this.#walBytesPerSecond = walBytesPerSecond;
  }

  /** The longest time that a row was held. */
  get rowHeldMsMax(): number {
    return Math.max(0, ...[...this.#rows.values()].map(({ heldMs }) => heldMs));
  }

  /** Opens a connection. What it returns runs batches one after the other. */
  connect(): (batch: Batch, done: Done) => void {
    const backend = new Thread(this.machine);
    const queue: [Batch, Done][] = [];
    const next = () => {
      const [batch, done] = queue[0]!;
      this.#execute(backend, batch, (hasWaited) => {
        queue.shift();
        if (queue.length > 0) next();
        done(hasWaited);
      });
    };
    return (batch, done) => {
      if (queue.push([batch, done]) === 1) next();
    };
  }

  #execute(backend: Thread, { coupons, isSoldOut }: Batch, done: Done): void {
    const costs = this.#costs;
    this.batches++;
    this.claims += coupons.length;
    const names = [...new Set(coupons)].sort((a, b) => a - b);
    if (isSoldOut) {
      backend.run(costs.refusalUsPerBatch + coupons.length * costs.refusalUsPerClaim, () => done(false));
      return;
    }
    const begun = costs.statementUsPerBatch + (names.length - 1) * costs.statementUsPerCoupon;
    this.#running++;
    backend.run(begun, () => {
      this.#running--;
      this.#lock(names, false, (hasWaited) => {
        this.#running++;
        const sharedUs = costs.sharedUsPerBatch + coupons.length * costs.sharedUsPerClaim;
        const moreUs = hasWaited ? costs.lockWaitUs : this.#running > 1 ? sharedUs : 0;
        backend.run(moreUs + coupons.length * costs.statementUsPerClaim, () =>
          this.#commit(costs.walBytesPerBatch + coupons.length * costs.walBytesPerClaim, () => {
            this.#running--;
            for (const name of names) this.#unlock(name);
            done(hasWaited);
          }),
        );
      });
    });
  }

  #lock([name, ...others]: number[], hasWaited: boolean, then: (hasWaited: boolean) => void): void {
    if (name === undefined) {
      then(hasWaited);
      return;
    }
    const row = this.#rows.get(name) ?? { isHeld: false, heldSince: 0, heldMs: 0, waiting: [] };
    this.#rows.set(name, row);
    const take = (hasWaited: boolean) => {
      row.isHeld = true;
      row.heldSince = this.#clock.now;
      this.#lock(others, hasWaited, then);
    };
    if (row.isHeld) row.waiting.push(() => take(true));
    else take(hasWaited);
  }

  #unlock(name: number): void {
    const row = this.#rows.get(name)!;
    row.heldMs += this.#clock.now - row.heldSince;
    row.isHeld = false;
    row.waiting.shift()?.();
  }

  /**
   * Group commit of PostgreSQL: whoever comes while the log is flushed waits for the next flush. Flushes take
   * random times: if all took the same, clients would move in step.
   */
  #commit(bytes: number, then: () => void): void {
    this.walBytes += bytes;
    this.#unflushed.push(then);
    this.#unflushedBytes += bytes;
    if (!this.#isFlushing) this.#flush();
  }

  #flush(): void {
    const committed = this.#unflushed;
    const ms =
      exponential(this.#random, this.#costs.flushUs / 1_000) +
      (this.#unflushedBytes / this.#walBytesPerSecond) * 1_000;
    this.#unflushed = [];
    this.#unflushedBytes = 0;
    this.#isFlushing = true;
    this.#clock.after(ms, () => {
      this.flushBusyMs += ms;
      this.#isFlushing = false;
      for (const then of committed) then();
      if (!this.#isFlushing && this.#unflushed.length > 0) this.#flush();
    });
  }
}
