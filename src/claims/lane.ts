/**
 * Group commit in the application: while a lane's batch runs, what arrives waits, and goes together in the next.
 * There is no timer to wait for company: a lone request goes at once, and batches grow with the load
 * by themselves. (The idea is that of group commit in databases, DeWitt et al. 1984.)
 *
 * Under load the next batch is sent ahead, to stand behind the one that runs, so that whoever runs them goes from
 * one to the next without waiting for us.
 *
 * A lane knows neither what a request is nor how a batch is run.
 */

export interface LaneOptions<Request, Outcome> {
  /**
   * Decides requests that go together: an outcome for each, in their order, or undefined for one that has to be
   * run again. When it throws, it has decided none, unless `isOutcomeUnknown` says that nobody knows.
   * A batch that is sent ahead is run, and ends, after the one before it.
   */
  run: (requests: readonly Request[]) => Promise<readonly (Outcome | undefined)[]>;
  /** May a batch that failed with this error have been carried out? Such a batch is run again, until one tells. */
  isOutcomeUnknown: (error: unknown) => boolean;
  /** Calls back when the requests that arrive at this moment have arrived. */
  schedule: (callback: () => void) => void;
  /** Waits before a batch of unknown outcome is run again. */
  pause: (ms: number) => Promise<void>;
  now: () => number;
  batchSizeMax: number;
  /** From how many requests on a batch is sent ahead. */
  aheadSizeMin: number;
  waitingMax: number;
  /** How long a request may wait for its batch to start. */
  waitMsMax: number;
  /** How long to try to find out what became of a request. */
  unknownMsMax: number;
}

/** There was no room, or no time, for the request. It was not run. */
export class Overloaded extends Error {}

/** The request may have been carried out, or not. */
export class OutcomeUnknown extends Error {}

/** Who waits for an outcome. One that is gone, and has not been run for, is not run for. */
export interface Caller {
  readonly destroyed: boolean;
}

interface Entry<Request, Outcome> {
  request: Request;
  caller: Caller;
  resolve: (outcome: Outcome) => void;
  reject: (error: unknown) => void;
  since: number;
  /** Since when the outcome has been unknown; 0: it is not. */
  unknownSince: number;
}

const PAUSE_MIN_MS = 50;
const PAUSE_MAX_MS = 1_000;

export class Lane<Request, Outcome> {
  readonly #options: LaneOptions<Request, Outcome>;
  readonly #waiting: Entry<Request, Outcome>[] = [];
  /** Those who have been run and go first in the next batch. */
  readonly #again: Entry<Request, Outcome>[] = [];
  /** The sizes of the batches that run. */
  readonly #running: number[] = [];
  #isScheduled = false;
  /** Nothing may start: what failed is to be run again, after a pause. */
  #isHeld = false;
  /** Has no batch failed since the last success? Otherwise nothing is sent ahead: it would most likely fail as well. */
  #isSteady = true;
  #pauseMs = PAUSE_MIN_MS;

  constructor(options: LaneOptions<Request, Outcome>) {
    this.#options = options;
  }

  /** How many requests wait for their batch to start. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * @returns what became of the request.
   * @throws Overloaded, OutcomeUnknown, or what `run` throws.
   */
  submit(request: Request, caller: Caller): Promise<Outcome> {
    if (this.#waiting.length >= this.#options.waitingMax) {
      return Promise.reject(new Overloaded('too many requests wait'));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, caller, resolve, reject, since: this.#options.now(), unknownSince: 0 });
      if (this.#isScheduled || !this.#mayStart()) return;
      this.#isScheduled = true;
      this.#options.schedule(() => {
        this.#isScheduled = false;
        this.#start();
      });
    });
  }

  /** Turns away those who have waited too long; to be called now and then, for batches that take long. */
  expire(): void {
    const oldest = this.#options.now() - this.#options.waitMsMax;
    const count = this.#waiting.findIndex((entry) => entry.since > oldest);
    for (const entry of this.#waiting.splice(0, count === -1 ? this.#waiting.length : count)) {
      entry.reject(new Overloaded('the request waited too long'));
    }
  }

  #mayStart(): boolean {
    if (this.#isHeld) return false;
    const [running] = this.#running;
    if (running === undefined) return true;
    // Those who go again go before all others, when nothing runs. And a batch much smaller than the one that runs
    // can as well grow a little.
    return (
      this.#running.length === 1 &&
      this.#isSteady &&
      this.#again.length === 0 &&
      this.#waiting.length >= Math.max(this.#options.aheadSizeMin, running / 2)
    );
  }

  #start(): void {
    while (this.#mayStart()) {
      const batch = this.#take();
      if (batch.length === 0) return;
      void this.#run(batch);
    }
  }

  async #run(batch: Entry<Request, Outcome>[]): Promise<void> {
    this.#running.push(batch.length);
    try {
      this.#settle(batch, await this.#options.run(batch.map((entry) => entry.request)));
      this.#pauseMs = PAUSE_MIN_MS;
      this.#isSteady = true;
    } catch (error) {
      this.#fail(batch, error);
      this.#isSteady = false;
      this.#isHeld ||= this.#again.length > 0;
    }
    this.#running.shift();
    if (this.#isHeld) {
      // What was sent ahead may fail as well: both are run again together, in their order.
      if (this.#running.length > 0) return;
      await this.#options.pause(this.#pauseMs);
      this.#pauseMs = Math.min(2 * this.#pauseMs, PAUSE_MAX_MS);
      this.#isHeld = false;
    }
    this.#start();
  }

  #take(): Entry<Request, Outcome>[] {
    this.expire();
    const isWaitedFor = ({ caller }: Entry<Request, Outcome>) => !caller.destroyed;
    const batch: Entry<Request, Outcome>[] = [];
    for (const queue of [this.#again, this.#waiting]) {
      while (queue.length > 0 && batch.length < this.#options.batchSizeMax) {
        batch.push(...queue.splice(0, this.#options.batchSizeMax - batch.length).filter(isWaitedFor));
      }
    }
    return batch;
  }

  #settle(batch: Entry<Request, Outcome>[], outcomes: readonly (Outcome | undefined)[]): void {
    if (outcomes.length !== batch.length) {
      throw new Error(`${outcomes.length} outcomes for ${batch.length} requests`);
    }
    const oldest = this.#options.now() - this.#options.waitMsMax;
    for (const [i, entry] of batch.entries()) {
      if (outcomes[i] !== undefined) continue;
      if (entry.since > oldest || entry.unknownSince > 0) this.#again.push(entry);
      else entry.reject(new Overloaded('the request stayed undecided too long'));
    }
    // The callers hear of it after the next batch has been sent: what they do then, such as writing an answer to
    // each, is done while that batch runs, and not before it.
    this.#options.schedule(() => {
      for (const [i, entry] of batch.entries()) {
        const outcome = outcomes[i];
        if (outcome !== undefined) entry.resolve(outcome);
      }
    });
  }

  #fail(batch: Entry<Request, Outcome>[], error: unknown): void {
    const now = this.#options.now();
    const isUnknown = this.#options.isOutcomeUnknown(error);
    for (const entry of batch) {
      if (isUnknown) entry.unknownSince ||= now;
      if (entry.unknownSince === 0) entry.reject(error);
      else if (now - entry.unknownSince < this.#options.unknownMsMax) this.#again.push(entry);
      else entry.reject(new OutcomeUnknown('the outcome could not be found out in time', { cause: error }));
    }
  }
}
