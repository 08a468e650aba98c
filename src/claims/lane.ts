/**
 * Group commit in the application: requests that arrive while a batch runs go together in the next
 * batch. No timer collects them. A lone request starts at once, and batches grow with the load.
 * (Group commit in databases: DeWitt et al., 1984.)
 *
 * Many requests may be submitted at once. They take turns with those that arrive later: see
 * waiting-requests.ts.
 *
 * Under load, a lane sends the next batch ahead: it stands behind the running one, and the database
 * starts it without waiting for us.
 *
 * A lane knows neither SQL nor HTTP. README.md beside this file has the state diagram.
 */

import { Overloaded } from '../overloaded.js';
import { type Caller, type Entry, type Submission, TURNS_MAX, WaitingRequests } from './waiting-requests.js';

export interface LaneOptions<Request, Outcome> {
  /**
   * Decides the requests of a batch. A rejection means that none was decided, unless
   * `isOutcomeUnknown` says that nobody knows. Batches must end in the order of their calls.
   */
  run: (requests: readonly Request[]) => Promise<Decided<Outcome>>;
  /** Whether a batch that failed with this error may have been carried out all the same. */
  isOutcomeUnknown: (error: unknown) => boolean;
  /** Calls back once the requests that arrive together have arrived. */
  schedule: (callback: () => void) => void;
  /** Waits before a batch of unknown outcome runs again. */
  pause: (ms: number) => Promise<void>;
  /** Milliseconds. */
  now: () => number;
  batchSizeMax: number;
  /** The smallest batch that is sent ahead. */
  aheadSizeMin: number;
  /** Requests that may wait for their batch to start. */
  waitingMax: number;
  /** How long a request may wait for its batch to start. */
  waitMsMax: number;
  /** After the start of a batch that left its outcome unknown, a request is given up when this time is over. */
  unknownMsMax: number;
  /** Called once per batch that has ended. */
  onBatch?: ((batch: BatchReport<Outcome>) => void) | undefined;
}

/** What became of a batch. */
export interface Decided<Outcome> {
  /** One per request, in their order. Undefined for a request that must run again. */
  outcomes: readonly (Outcome | undefined)[];
  /** Whether the batch had to wait for another server. */
  isContended: boolean;
}

/** How a batch went. */
export interface BatchReport<Outcome> {
  size: number;
  /** How long its oldest request waited for it to start. */
  waitMs: number;
  /** From its start to its end. A batch sent ahead starts while another one runs. */
  durationMs: number;
  /** In the order of the requests. Undefined ones run again. */
  outcomes: readonly (Outcome | undefined)[];
  /** The error of a batch that failed and so has no outcomes. */
  failure: unknown;
}

/** The request may have been carried out, or not. */
export class OutcomeUnknown extends Error {}

/**
 * What may start:
 * - steady: a batch, and one more behind it.
 * - cautious: one batch. If it failed, a batch behind it would go ahead of its requests.
 * - draining: nothing. An outcome is unknown, and the batch behind has not ended yet.
 * - pausing: nothing, until the pause is over. No batch runs.
 */
type State = 'steady' | 'cautious' | 'draining' | 'pausing';

/** One for all: an error of its own would cost an overloaded service as much as the rest of a refusal. */
export const FULL = new Overloaded('too many requests are waiting');

const PAUSE_MIN_MS = 50;
const PAUSE_MAX_MS = 1_000;

export class Lane<Request, Outcome> {
  readonly #options: LaneOptions<Request, Outcome>;
  #state: State = 'steady';
  readonly #waiting = new WaitingRequests<Request, Outcome>();
  /** Requests that ran and must run again. They go first. */
  #retries: Entry<Request, Outcome>[] = [];
  /** The batches that run, in their order: none, one, or one and one sent ahead. */
  readonly #running: Entry<Request, Outcome>[][] = [];
  #isStartScheduled = false;
  /** Whether the last batch that was decided had to wait for another server. */
  #isContended = false;
  #pauseMs = PAUSE_MIN_MS;
  /** Of the last batch that failed. */
  #failure: unknown;

  constructor(options: LaneOptions<Request, Outcome>) {
    this.#options = options;
  }

  /** Requests that wait for their batch to start. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Runs requests of one caller, in their order. Those that find no room are rejected at once.
   * @param decide is told the outcome of each request. Nobody is told if the caller has disconnected.
   * @param fail is told why a request has none: Overloaded, OutcomeUnknown, or the error of `run`.
   */
  submit(
    requests: readonly Request[],
    caller: Caller,
    decide: Submission<Request, Outcome>['decide'],
    fail: Submission<Request, Outcome>['fail'],
  ): void {
    const room = Math.max(0, this.#options.waitingMax - this.#waiting.size);
    const admitted = requests.length > room ? requests.slice(0, room) : requests;
    for (let index = admitted.length; index < requests.length; index++) {
      fail(FULL, index);
    }
    if (admitted.length === 0) return;
    this.#waiting.add({ requests: admitted, caller, decide, fail, since: this.#options.now(), taken: 0 });
    if (this.#isStartScheduled || !this.#mayStart()) return;
    this.#isStartScheduled = true;
    this.#options.schedule(() => {
      this.#isStartScheduled = false;
      this.#start();
    });
  }

  /**
   * Rejects the requests that have waited too long, or whose outcome has been unknown for too long. Call it
   * regularly: a batch may run for long.
   */
  expire(): void {
    const oldest = this.#oldest();
    this.#waiting.expire(oldest);
    // No outcome is unknown, and what must run again is next.
    if (this.#state === 'steady') return;
    for (const entry of [...this.#retries, ...this.#running.flat()]) {
      if (this.#isUnknownTooLong(entry) && !entry.isGivenUp) giveUp(entry, this.#failure);
    }
    this.#retries = this.#retries.filter((entry) => this.#mayRunAgain(entry, oldest));
  }

  #oldest(): number {
    return this.#options.now() - this.#options.waitMsMax;
  }

  /** Whether a request that ran still has to. It is rejected, if it stayed undecided too long. */
  #mayRunAgain(entry: Entry<Request, Outcome>, oldest: number): boolean {
    const { submission, unknownSince, isGivenUp } = entry;
    if (isGivenUp || submission.caller.destroyed) return false;
    if (unknownSince !== undefined || submission.since > oldest) return true;
    reject(entry, new Overloaded('the request stayed undecided too long'));
    return false;
  }

  #isUnknownTooLong({ unknownSince }: Entry<Request, Outcome>): boolean {
    const { now, unknownMsMax } = this.#options;
    return unknownSince !== undefined && now() - unknownSince >= unknownMsMax;
  }

  #mayStart(): boolean {
    if (this.#state === 'draining' || this.#state === 'pausing') return false;
    const [running] = this.#running;
    if (running === undefined) return true;
    // Retries start only when nothing runs, so that they stay ahead of all others. A batch much
    // smaller than the running one can grow a little more, though not above TURNS_MAX callers. Under
    // contention, two batches of ours would wait for the other server, and be smaller than one.
    return (
      this.#state === 'steady' &&
      !this.#isContended &&
      this.#running.length === 1 &&
      this.#retries.length === 0 &&
      this.#waiting.size >= Math.max(this.#options.aheadSizeMin, Math.min(running.length, TURNS_MAX) / 2)
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
    const startedAt = this.#options.now();
    let outcomes: readonly (Outcome | undefined)[] = [];
    let failure: unknown;
    this.#running.push(batch);
    try {
      const decided = await this.#options.run(batch.map(requestOf));
      ({ outcomes } = decided);
      this.#isContended = decided.isContended;
      this.#settle(batch, outcomes);
      // The next batch has the requests that must run again. If it fails, a batch behind it would
      // go ahead of them.
      if (this.#state === 'cautious' && this.#retries.length === 0) this.#state = 'steady';
      this.#pauseMs = PAUSE_MIN_MS;
    } catch (error) {
      failure = error;
      if (this.#fail(batch, startedAt, error)) this.#state = 'draining';
      else if (this.#state === 'steady') this.#state = 'cautious';
    }
    this.#running.shift();
    if (this.#options.onBatch) this.#report(batch, startedAt, outcomes, failure);
    if (this.#state === 'draining') {
      // The batch behind may fail as well. Then both run again together, in their order.
      if (this.#running.length > 0) return;
      this.#state = 'pausing';
      await this.#options.pause(this.#pauseMs);
      this.#pauseMs = Math.min(2 * this.#pauseMs, PAUSE_MAX_MS);
      this.#state = 'cautious';
    }
    this.#start();
  }

  /** Takes the next batch, without the callers that have disconnected. */
  #take(): Entry<Request, Outcome>[] {
    const { batchSizeMax } = this.#options;
    const oldest = this.#oldest();
    const batch: Entry<Request, Outcome>[] = [];
    // Each may have a caller of its own.
    const retriesMax = Math.min(batchSizeMax, TURNS_MAX);
    while (this.#retries.length > 0 && batch.length < retriesMax) {
      const next = this.#retries.splice(0, retriesMax - batch.length);
      batch.push(...next.filter((entry) => this.#mayRunAgain(entry, oldest)));
    }
    this.#waiting.take(batch, batchSizeMax, oldest);
    return batch;
  }

  #settle(batch: Entry<Request, Outcome>[], outcomes: readonly (Outcome | undefined)[]): void {
    if (outcomes.length !== batch.length) {
      throw new Error(`${outcomes.length} outcomes for ${batch.length} requests`);
    }
    const oldest = this.#oldest();
    this.#runAgain(batch.filter((entry, i) => outcomes[i] === undefined && this.#mayRunAgain(entry, oldest)));
    // The callers get their outcomes after the next batch has been sent: they write their answers
    // while it runs.
    this.#options.schedule(() => {
      for (const [i, { submission, index, isGivenUp }] of batch.entries()) {
        const outcome = outcomes[i];
        if (outcome !== undefined && !isGivenUp) submission.decide(outcome, index);
      }
    });
  }

  /** @returns whether a request of the batch runs again. */
  #fail(batch: Entry<Request, Outcome>[], startedAt: number, error: unknown): boolean {
    this.#failure = error;
    const isUnknown = this.#options.isOutcomeUnknown(error);
    const unknown: Entry<Request, Outcome>[] = [];
    for (const entry of batch) {
      if (entry.isGivenUp) continue;
      if (isUnknown) entry.unknownSince ??= startedAt;
      if (entry.unknownSince === undefined) reject(entry, error);
      else if (this.#isUnknownTooLong(entry)) giveUp(entry, error);
      else unknown.push(entry);
    }
    this.#runAgain(unknown);
    return unknown.length > 0;
  }

  /** Keeps the order of arrival: some that arrived later may have to run again already. */
  #runAgain(entries: Entry<Request, Outcome>[]): void {
    if (entries.length === 0) return;
    this.#retries.push(...entries);
    this.#retries.sort((one, other) => one.number - other.number);
  }

  #report(
    batch: Entry<Request, Outcome>[],
    startedAt: number,
    outcomes: readonly (Outcome | undefined)[],
    failure: unknown,
  ): void {
    this.#options.onBatch?.({
      size: batch.length,
      waitMs:
        startedAt - batch.reduce((oldest, { submission }) => Math.min(oldest, submission.since), startedAt),
      durationMs: this.#options.now() - startedAt,
      outcomes,
      failure,
    });
  }
}

function requestOf<Request, Outcome>({ submission, index }: Entry<Request, Outcome>): Request {
  return submission.requests[index] as Request;
}

function reject<Request, Outcome>({ submission, index }: Entry<Request, Outcome>, error: unknown): void {
  submission.fail(error, index);
}

function giveUp<Request, Outcome>(entry: Entry<Request, Outcome>, cause: unknown): void {
  entry.isGivenUp = true;
  reject(entry, new OutcomeUnknown('the outcome stayed unknown too long', { cause }));
}
