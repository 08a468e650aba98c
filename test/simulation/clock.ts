/** Something that is due at a moment, unless it is cancelled. */
export interface Timer {
  at: number;
  order: number;
  run: (() => void) | undefined;
  /** Whether it settles no promise. */
  isQuiet: boolean;
}

/**
 * Simulated time. What is due runs in order of its time, and in the order of the calls at the same
 * time. Between two of them, all promises settle.
 */
export class Clock {
  /** Milliseconds. */
  now = 0;
  /** How many timers have run. */
  step = 0;
  #orders = 0;
  /** A binary heap. */
  readonly #timers: Timer[] = [];

  at(at: number, run: () => void, isQuiet = false): Timer {
    const timer = { at: Math.max(at, this.now), order: this.#orders++, run, isQuiet };
    this.#push(timer);
    return timer;
  }

  after(ms: number, run: () => void): Timer {
    return this.at(this.now + ms, run);
  }

  /** As `after`, for what settles no promise: it is faster, since nobody has to wait for their reactions. */
  afterQuietly(ms: number, run: () => void): Timer {
    return this.at(this.now + ms, run, true);
  }

  cancel(timer: Timer | undefined): void {
    if (timer) timer.run = undefined;
  }

  /** Runs until nothing is due, or `afterStep` returns false. */
  async run(afterStep: () => boolean): Promise<void> {
    for (let timer = this.#pop(); timer; timer = this.#pop()) {
      if (!timer.run) continue;
      this.now = timer.at;
      this.step++;
      timer.run();
      if (!timer.isQuiet) await promisesSettled();
      if (!afterStep()) return;
    }
  }

  #push(timer: Timer): void {
    const timers = this.#timers;
    let i = timers.length;
    while (i > 0) {
      const above = (i - 1) >> 1;
      if (isBefore(timers[above] as Timer, timer)) break;
      timers[i] = timers[above] as Timer;
      i = above;
    }
    timers[i] = timer;
  }

  #pop(): Timer | undefined {
    const timers = this.#timers;
    const first = timers[0];
    const last = timers.pop() as Timer;
    const { length } = timers;
    if (length === 0) return first;
    let i = 0;
    for (let below = 1; below < length; below = 2 * i + 1) {
      if (below + 1 < length && isBefore(timers[below + 1] as Timer, timers[below] as Timer)) below++;
      if (isBefore(last, timers[below] as Timer)) break;
      timers[i] = timers[below] as Timer;
      i = below;
    }
    timers[i] = last;
    return first;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Node.js runs this callback after all promise reactions, and those that follow from them. */
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
