import { setTimeout as sleep } from 'node:timers/promises';

const POLL_INTERVAL_MS = 20;
/** For something that never comes. A slow machine never takes this long. */
const HANGING_MS = 180_000;

/**
 * Polls `look` until it returns something other than false, undefined or null, and returns that.
 * @throws Error that names `what`, if that does not happen within `timeoutMs`.
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  timeoutMs = HANGING_MS,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== false && found !== undefined && found !== null)
      return found as Exclude<T, false | null | undefined>;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await sleep(POLL_INTERVAL_MS);
  }
}
