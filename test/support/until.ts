import { setTimeout as sleep } from 'node:timers/promises';

const POLL_INTERVAL_MS = 20;
/** For something that never comes. */
const HANGING_MS = 180_000;

/**
 * Polls `look` until it returns something other than false, undefined or null, and returns that.
 * The limit counts the pauses between the polls. So it grows with the slowness of the machine, and a
 * suspended process does not reach it.
 * @throws Error that names `what`, if that does not happen within `timeoutMs` of pauses.
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  timeoutMs = HANGING_MS,
): Promise<Exclude<T, false | null | undefined>> {
  for (let pausedMs = 0; pausedMs <= timeoutMs; pausedMs += POLL_INTERVAL_MS) {
    const found = await look();
    if (found !== false && found !== undefined && found !== null)
      return found as Exclude<T, false | null | undefined>;
    await sleep(POLL_INTERVAL_MS);
  }
  throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
}
