/** Is aborted by Ctrl-C, and by what else ends a process: so that what a benchmark has started ends before it. */
export function abortOnSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stopping.abort());
  return stopping.signal;
}
