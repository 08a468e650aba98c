import type { Clock } from '../../test/simulation/clock.js';

/**
 * How long a thread works until another one that woke up takes its processor. Under the load of the bench, a
 * service lost it 0.2 times for each claim of 30 µs (nonvoluntary_ctxt_switches of Linux).
 */
const TURN_MS = 0.15;

/**
 * A machine's processors. Threads that are ready get one in their order, and keep it until they have no work,
 * or their turn ends.
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

  /** Whether a thread waits for a processor. */
  get isWanted(): boolean {
    return this.#ready.length > 0;
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
  /** What it costs to get a processor: the kernel switches to the thread, and its caches are cold. */
  readonly #switchUs: number;
  readonly #work: { us: number; then: () => void }[] = [];
  /** The time that its work took so far. */
  busyUs = 0;
  #isAwake = false;
  #turnEnd = 0;

  constructor(machine: Machine, switchUs = 0) {
    this.#machine = machine;
    this.#switchUs = switchUs;
  }

  /** Works for so many microseconds, and then calls back. */
  run(us: number, then: () => void): void {
    this.#work.push({ us, then });
    if (this.#isAwake) return;
    this.#isAwake = true;
    this.#enter();
  }

  #enter(): void {
    this.#machine.enter(() => {
      this.#turnEnd = this.#machine.clock.now + TURN_MS;
      this.#work[0]!.us += this.#switchUs;
      this.#next();
    });
  }

  #next(): void {
    const machine = this.#machine;
    const { us, then } = this.#work.shift()!;
    machine.clock.after(us / 1_000, () => {
      this.busyUs += us;
      machine.busyUs += us;
      then();
      if (this.#work.length > 0) this.#goOn();
      // Promises may bring more work.
      else machine.clock.after(0, () => this.#goOn());
    });
  }

  #goOn(): void {
    const machine = this.#machine;
    this.#isAwake = this.#work.length > 0;
    if (this.#isAwake && (!machine.isWanted || machine.clock.now < this.#turnEnd)) {
      this.#next();
      return;
    }
    if (this.#isAwake) this.#enter();
    machine.leave();
  }
}
