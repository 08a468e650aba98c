import { Overloaded } from '../overloaded.js';

/** The client that waits for an outcome. Its requests are dropped if it disconnects before they start. */
export interface Caller {
  readonly destroyed: boolean;
  /** By which tracing knows the request. */
  readonly response?: object;
}

/** Requests of one caller, in the order in which they are to be decided. */
export interface Submission<Request, Outcome> {
  readonly requests: readonly Request[];
  readonly caller: Caller;
  /** Is told the outcome of the request with this index. */
  readonly decide: (outcome: Outcome, index: number) => void;
  /** Is told why the request with this index has no outcome. */
  readonly fail: (error: unknown, index: number) => void;
  /** When it arrived. */
  readonly since: number;
  /** How many of its requests have been taken. */
  taken: number;
}

/** A request that has been taken. */
export interface Entry<Request, Outcome> {
  submission: Submission<Request, Outcome>;
  index: number;
  /** Counts the requests in the order in which they were taken. */
  number: number;
  /** When the first batch that left its outcome unknown started. */
  unknownSince: number | undefined;
  /** Whether its caller was told that its outcome is unknown, although a batch may still decide it. */
  isGivenUp: boolean;
}

/** So many requests of a submission are taken in one turn. */
export const TURN_SIZE_MAX = 100;
/**
 * A batch that has so many requests takes no second turn of anybody. So nobody fills a large batch alone, for
 * which those who arrive meanwhile would wait.
 */
export const SECOND_TURNS_UNTIL = 250;
/**
 * So many turns fit in one batch. The callers of a batch are answered in one go, and meanwhile the process
 * serves nobody else. An answer costs more than a request, so a batch may have many requests of few callers.
 */
export const TURNS_MAX = 250;

/**
 * Requests that wait for their batch to start, in the order of their arrival. The requests of one submission
 * take turns with those that arrived after them: what a turn leaves goes to the end.
 */
export class WaitingRequests<Request, Outcome> {
  #submissions: Submission<Request, Outcome>[] = [];
  #size = 0;
  #taken = 0;

  /** The number of requests. */
  get size(): number {
    return this.#size;
  }

  add(submission: Submission<Request, Outcome>): void {
    this.#submissions.push(submission);
    this.#size += submission.requests.length;
  }

  /**
   * Takes the next requests until the batch has `sizeMax` of them, or TURNS_MAX turns. Those of callers that
   * have disconnected are dropped, and those that arrived at `oldest` or before are rejected.
   */
  take(batch: Entry<Request, Outcome>[], sizeMax: number, oldest: number): void {
    const line = this.#submissions;
    const callers = line.length;
    let count = 0;
    // What is in the batch already runs again, and counts as a turn each.
    for (let turns = batch.length; count < line.length && turns < TURNS_MAX; count++) {
      const limit = count < callers ? sizeMax : Math.min(sizeMax, SECOND_TURNS_UNTIL);
      if (batch.length >= limit) break;
      const submission = line[count]!;
      const { requests, caller, taken } = submission;
      if (caller.destroyed) this.#size -= requests.length - taken;
      else if (submission.since <= oldest) this.#reject(submission);
      else {
        turns++;
        const turnEnd = Math.min(requests.length, taken - (taken % TURN_SIZE_MAX) + TURN_SIZE_MAX);
        const end = Math.min(turnEnd, taken + limit - batch.length);
        for (let index = taken; index < end; index++) {
          batch.push({ submission, index, number: this.#taken++, unknownSince: undefined, isGivenUp: false });
        }
        this.#size -= end - taken;
        submission.taken = end;
        // The batch is full: the turn goes on in the next one.
        if (end < turnEnd) break;
        if (end < requests.length) line.push(submission);
      }
    }
    line.splice(0, count);
  }

  /** Rejects the requests that arrived at `oldest` or before. */
  expire(oldest: number): void {
    // A submission that has had a turn stands behind younger ones.
    this.#submissions = this.#submissions.filter((submission) => {
      if (submission.since > oldest) return true;
      this.#reject(submission);
      return false;
    });
  }

  #reject(submission: Submission<Request, Outcome>): void {
    const { requests, taken } = submission;
    this.#size -= requests.length - taken;
    for (let index = taken; index < requests.length; index++) {
      submission.fail(new Overloaded('the request waited too long'), index);
    }
  }
}
