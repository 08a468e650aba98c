import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import type { Subject } from './engine.js';
import { generatePlan } from './generate.js';
import { runHistory } from './history.js';
import type { Exception, Violation } from './invariants.js';
import type { Plan } from './plan.js';
import { shrink } from './shrink.js';

// V8 moves what survives its first garbage collections to where it allocates the next of the same kind
// right away. One dead object there keeps the whole of its history alive. Without, a minute of CPU time
// runs 205,000 histories instead of 145,000.
setFlagsFromString('--no-allocation-site-pretenuring');

export interface Summary {
  histories: number;
  steps: number;
  /** The longest time from a request to its answer, simulated. */
  answerMsMax: number;
  /** How often each known exception occurred. */
  exceptions: Map<Exception, number>;
  /** The seed of the first history that broke a promise. */
  failedSeed?: number;
}

/**
 * Runs histories, of the given seed and those that follow it, until one breaks a promise.
 * @param onProgress called now and then.
 */
export async function findViolation(
  subject: Subject,
  seed: number,
  histories: number,
  onProgress?: (summary: Summary) => void,
): Promise<Summary> {
  const summary: Summary = { histories: 0, steps: 0, answerMsMax: 0, exceptions: new Map() };
  while (summary.histories < histories) {
    const failedSeed = seed + summary.histories;
    const { clock, invariants } = await runHistory(generatePlan(failedSeed), subject);
    summary.histories++;
    summary.steps += clock.step;
    summary.answerMsMax = Math.max(summary.answerMsMax, invariants.answerMsMax);
    for (const [exception, count] of invariants.exceptions) {
      summary.exceptions.set(exception, (summary.exceptions.get(exception) ?? 0) + count);
    }
    if (invariants.violation) return { ...summary, failedSeed };
    if (summary.histories % 100 === 0) {
      onProgress?.(summary);
      // Lets signals and output through.
      await nextTurn();
    }
  }
  return summary;
}

export interface Explanation {
  plan: Plan;
  violation: Violation;
  /** What happens in the history, in words. */
  story: string[];
}

/** Shrinks the history of a seed that breaks a promise, and tells it. */
export async function explainViolation(subject: Subject, seed: number): Promise<Explanation> {
  const original = generatePlan(seed);
  const { violation } = (await runHistory(original, subject)).invariants;
  const plan = await shrink(original, async (candidate) => {
    const { invariants } = await runHistory(candidate, subject);
    return invariants.violation !== undefined && invariants.violation.promise === violation?.promise;
  });
  const story: string[] = [];
  const { invariants } = await runHistory(plan, subject, (ms, text) => {
    story.push(`${String(ms).padStart(6)} ms  ${text}`);
  });
  if (!invariants.violation) throw new Error(`the history of the seed ${seed} breaks no promise`);
  return { plan, violation: invariants.violation, story };
}
