/**
 * Calls `end` when this process exits, also after a signal or before the tests are over, so that
 * nothing outlives it. Returns a function that cancels the call.
 */
export function atExit(end: () => void): () => void {
  // The last one registered is called first, as with teardowns.
  process.prependOnceListener('exit', end);
  return () => void process.off('exit', end);
}

// A process that dies from a signal emits no `exit` event.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
