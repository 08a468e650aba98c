import type { Test } from 'tap';
import { type Decided, Lane, type LaneOptions } from '../../src/claims/lane.js';

/** A caller who stays until the answer. */
export const connectedCaller = { destroyed: false };

export class Broken extends Error {}

/** Creates a lane whose batches, clock and scheduler the test controls. */
export function createLane(options: Partial<LaneOptions<string, string>> = {}) {
  const batches: {
    requests: readonly string[];
    resolve: (decided: Decided<string>) => void;
    reject: (error: Error) => void;
  }[] = [];
  const scheduled: (() => void)[] = [];
  const pauses: { ms: number; over: () => void }[] = [];
  const clock = { now: 1_000 };
  const lane = new Lane<string, string>({
    run: (requests) => new Promise((resolve, reject) => batches.push({ requests, resolve, reject })),
    isOutcomeUnknown: (error) => error instanceof Broken,
    schedule: (callback) => scheduled.push(callback),
    pause: (ms) => new Promise((over) => pauses.push({ ms, over })),
    now: () => clock.now,
    batchSizeMax: 3,
    aheadSizeMin: 4,
    waitingMax: 5,
    waitMsMax: 100,
    unknownMsMax: 1_000,
    ...options,
  });
  /** Submits requests together. */
  const submitMany = (requests: string[], caller = connectedCaller) => {
    const decides: ((outcome: string) => void)[] = [];
    const fails: ((error: unknown) => void)[] = [];
    const outcomes = requests.map(
      () =>
        new Promise<string>((decide, fail) => {
          decides.push(decide);
          fails.push(fail);
        }),
    );
    for (const outcome of outcomes) outcome.catch(() => {});
    lane.submit(
      requests,
      caller,
      (outcome, i) => decides[i]!(outcome),
      (error, i) => fails[i]!(error),
    );
    return outcomes;
  };
  const submit = (request: string, caller = connectedCaller) => submitMany([request], caller)[0]!;
  /** Runs the scheduled callbacks, and waits for what follows from them. */
  const turn = async () => {
    for (const callback of scheduled.splice(0)) callback();
    await new Promise((resolve) => setImmediate(resolve));
  };
  /** Ends a batch with these outcomes, and waits for what follows from it. */
  const decide = async (batch: number, outcomes: (string | undefined)[], isContended = false) => {
    batches[batch]?.resolve({ outcomes, isContended });
    await turn();
    await turn();
  };
  return { lane, batches, pauses, clock, submit, submitMany, turn, decide };
}

/** Checks that a request fails with an error of this type. */
export async function rejects(
  t: Test,
  outcome: Promise<string>,
  type: new (...args: never[]) => Error,
): Promise<void> {
  const error = await outcome.catch((error: unknown) => error);
  t.ok(error instanceof type, `it is rejected with ${type.name}`);
}
