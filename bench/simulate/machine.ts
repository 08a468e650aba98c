import type { Clock } from '../../test/simulation/clock.js';

/**
 * A machine's processors. Threads that are ready get one in their order, and keep it until their work ends.
 */
export class Machine {
  readonly clock: Clock;
  /** Of all processors together. */
  busyUs = 0;
  #free: number;
  readonly #ready: (() => void)[] = [];

  /** @param processors may be Infinity, for a machine that is never full. */
  constructor(clock: Clock, processors: number) {
    this.clock = clock;
    this.#free = processors;
  }

  /** Calls `start` once a processor is free. It must call `leave` later. */
  enter(start: () => void): void {
    if (this.#free === 0) {
      this.#ready.push(start);
      return;
    }
    this.#free--;
    start();
  }

  /** Hands the processor to the next thread. */
  leave(): void {
    const next = this.#ready.shift();
    if (next) next();
    else this.#free++;
  }
}

/** Does its work piece by piece, in the order of the calls, on one processor at a time. */
export class Thread {
  readonly #machine: Machine;
  readonly #work: { us: number; then: () => void }[] = [];
  /** The time that its work took so far. */
  busyUs = 0;
  #isRunning = false;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Works for so many microseconds, and then calls back. */
  run(us: number, then: () => void): void {
    this.#work.push({ us, then });
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#machine.enter(() => this.#next());
  }

  #next(): void {
    const { us, then } = this.#work.shift()!;
    this.#machine.clock.after(us / 1_000, () => {
      this.busyUs += us;
      this.#machine.busyUs += us;
      then();
      this.#isRunning = this.#work.length > 0;
      // Others that are ready come first: the kernel is fair to threads, not to pieces of work.
      if (this.#isRunning) this.#machine.enter(() => this.#next());
      this.#machine.leave();
    });
  }
}
