import { copyFile, readFile, stat, truncate } from 'node:fs/promises';

const LOG_SIZE_MAX_BYTES = 10 * 2 ** 20;
const LOG_CHECK_INTERVAL_MS = 10_000;
const LAST_LINES = 3;

/**
 * Copies a log of more than 10 MiB to `<log>.1`, and empties it. The server keeps the file open for
 * appending, and goes on at its new end. If it writes a line between the copy and the cut, this
 * line is lost.
 *
 * The logging collector of PostgreSQL would not bound the size: it overwrites an old file only when
 * a certain time has passed, never because a file is full.
 */
export async function rotateLog(log: string): Promise<void> {
  if ((await stat(log)).size <= LOG_SIZE_MAX_BYTES) return;
  // If the disk is full, the copy fails, but the log must be cut all the same.
  await copyFile(log, `${log}.1`).catch(() => {});
  await truncate(log);
}

/** Rotates the log whenever it is too large. Returns the function that ends this. */
export function limitLogSize(log: string): () => void {
  const rotate = () => rotateLog(log).catch(() => {});
  const timer = setInterval(rotate, LOG_CHECK_INTERVAL_MS).unref();
  return () => clearInterval(timer);
}

/** Reads the last lines of the log, for an error message. */
export async function readLastLines(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-LAST_LINES).join('\n');
}
