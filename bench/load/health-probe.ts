import { createHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

const INTERVAL_MS = 50;

/**
 * Asks `GET /health` again and again, one request at a time. Its `stop` returns the 99th percentile in ms.
 */
export function probeHealth(url: string) {
  const latenciesUs = createHistogram();
  let isOver = false;
  const probing = (async () => {
    while (!isOver) {
      const start = performance.now();
      await (await fetch(`${url}/health`)).arrayBuffer();
      latenciesUs.record(Math.max(1, Math.round((performance.now() - start) * 1000)));
      await sleep(INTERVAL_MS);
    }
  })();
  return {
    async stop(): Promise<number> {
      isOver = true;
      await probing;
      return latenciesUs.percentile(99) / 1000;
    },
  };
}
