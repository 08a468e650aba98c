import { Overloaded } from '../overloaded.js';

export interface GateOptions {
  /** How many may be inside. */
  max: number;
  /** How many may wait. */
  waitingMax: number;
  /** How long each may wait. */
  waitMsMax: number;
}

interface Waiter {
  enter: () => void;
  timer: NodeJS.Timeout;
}

/** Lets a bounded number inside at a time, first come, first served. */
export class Gate {
  readonly #options: GateOptions;
  readonly #waiting: Waiter[] = [];
  #inside = 0;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  get inside(): number {
    return this.#inside;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Waits until there is room. Call `leave` afterwards. @throws Overloaded. */
  async enter(): Promise<void> {
    const { max, waitingMax, waitMsMax } = this.#options;
    if (this.#inside < max) {
      this.#inside++;
      return;
    }
    if (this.#waiting.length >= waitingMax) throw new Overloaded('too many requests are waiting');
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        enter: resolve,
        timer: setTimeout(() => {
          this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
          reject(new Overloaded('the request waited too long'));
        }, waitMsMax),
      };
      this.#waiting.push(waiter);
    });
  }

  /** Hands the place over to the next one that waits. */
  leave(): void {
    const next = this.#waiting.shift();
    if (!next) {
      this.#inside--;
      return;
    }
    clearTimeout(next.timer);
    next.enter();
  }
}
