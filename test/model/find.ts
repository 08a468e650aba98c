import fc from 'fast-check';
import { anyHistory, type History } from './commands.js';
import { HistoryFailure, playHistory } from './history.js';
import type { Target } from './session.js';

/** Finds a history that fails, and makes it small. */

export interface Search {
  /** How many histories. */
  runs: number;
  /** A whole number of 32 bits. */
  seed: number;
  /** How many histories run at the same time. */
  together: number;
  /** Default: true. */
  shrinks?: boolean;
  signal?: AbortSignal;
  onHistory?: (histories: number) => void;
}

export interface Found extends HistoryPlace {
  failure: HistoryFailure;
  /** How many copies of it ran at the same time when it failed again. Undefined: it did not. */
  copies: number | undefined;
}

/** Where fast-check finds a history again. */
export interface HistoryPlace {
  seed: number;
  path: string;
}

/** A race does not happen each time. */
const ATTEMPTS = 3;
/** Some batches have claims of several histories. */
const COPIES = [1, 8];
/** Then the smallest one so far has to do. */
const SHRINK_MS_MAX = 120_000;

/** Plays histories until one fails, and plays that one again to make it smaller. */
export async function findFailure(
  target: Target,
  { runs, seed, together, shrinks = true, signal, onHistory = () => {} }: Search,
): Promise<{ histories: number; found: Found | undefined }> {
  let histories = 0;
  let found: Found | undefined;
  const isOver = () => found !== undefined || signal?.aborted;
  const search = async (ownSeed: number) => {
    const property = fc.asyncProperty(anyHistory(), async (history) => {
      if (isOver()) return;
      await playHistory(target, history);
      onHistory(++histories);
    });
    const result = await fc.check(property, {
      seed: ownSeed,
      numRuns: Math.ceil(runs / together),
      endOnFailure: true,
    });
    if (!result.failed || isOver()) return;
    found = { seed: ownSeed, path: pathIn(result), failure: failureIn(result), copies: undefined };
  };
  await Promise.all(Array.from({ length: together }, (_, i) => search((seed + i) | 0)));
  if (!found || !shrinks) return { histories, found };
  return { histories, found: (await repeat(target, found)) ?? found };
}

/**
 * Plays a history again, several times, and makes it smaller while it fails: alone, or else beside copies of
 * itself. Undefined: it does not fail.
 */
export async function repeat(target: Target, { seed, path }: HistoryPlace): Promise<Found | undefined> {
  for (const copies of COPIES) {
    const property = fc.asyncProperty(anyHistory(), async (history) => {
      for (let i = 0; i < ATTEMPTS; i++) await playCopies(target, history, copies);
    });
    const result = await fc.check(property, {
      seed,
      path,
      numRuns: 1,
      interruptAfterTimeLimit: SHRINK_MS_MAX,
    });
    if (result.failed) return { seed, path, failure: failureIn(result), copies };
  }
  return undefined;
}

async function playCopies(target: Target, history: History, copies: number): Promise<void> {
  const played = await Promise.allSettled(Array.from({ length: copies }, () => playHistory(target, history)));
  for (const result of played) if (result.status === 'rejected') throw result.reason;
}

const pathIn = ({ counterexamplePath }: { counterexamplePath: string | null }) => counterexamplePath ?? '0';

function failureIn({ errorInstance }: { errorInstance: unknown }): HistoryFailure {
  return errorInstance instanceof HistoryFailure ? errorInstance : new HistoryFailure(errorInstance, []);
}
