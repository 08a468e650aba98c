/**
 * Calls `end` when this process ends, also by a signal or before the tests are over. It is for what would
 * outlive us. Returns what takes it back.
 */
export function atExit(end: () => void): () => void {
  // The last that was begun ends first, as with teardowns.
  process.prependOnceListener('exit', end);
  return () => void process.off('exit', end);
}

// A process that a signal ends by itself does not come to its `exit`.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
