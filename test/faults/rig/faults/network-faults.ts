import { setTimeout as sleep } from 'node:timers/promises';
import type { Moment } from '../../../support/proxy.js';
import { until } from '../../../support/until.js';
import type { Fault } from './fault.js';

const CUT_TIMEOUT_MS = 3_000;

/** What breaks the way from the services to PostgreSQL. */
export const networkFaults = {
  async cut({ cluster }) {
    for (const proxy of cluster.waysIn()) proxy.cut();
  },

  async refuse({ cluster }, lastsMs) {
    const proxies = cluster.waysIn();
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await sleep(lastsMs);
    await Promise.all(proxies.map((proxy) => proxy.open()));
  },

  cutBeforeClaim: cutAtClaim('before'),
  cutDuringClaim: cutAtClaim('during'),
  cutAfterClaim: cutAtClaim('after'),

  async hold({ cluster }, lastsMs) {
    for (const proxy of cluster.waysIn()) proxy.hold(true);
    await sleep(lastsMs);
    for (const proxy of cluster.waysIn()) proxy.hold(false);
  },

  async holdAndCut({ cluster }, lastsMs) {
    for (const proxy of cluster.waysIn()) proxy.hold(true);
    await sleep(lastsMs);
    for (const proxy of cluster.waysIn()) {
      proxy.cut();
      proxy.hold(false);
    }
  },

  async halfOpen({ cluster }) {
    for (const proxy of cluster.waysIn()) proxy.halfOpen();
  },

  async slow({ cluster, random }, lastsMs) {
    const latencyMs = random.integer(5, 150);
    for (const proxy of cluster.waysIn()) proxy.latencyMs = latencyMs;
    await sleep(lastsMs);
    for (const proxy of cluster.waysIn()) proxy.latencyMs = 0;
  },

  async killPooler({ pgbouncer }, lastsMs) {
    await pgbouncer?.kill('SIGKILL');
    await sleep(lastsMs);
    await pgbouncer?.start();
  },
} satisfies Record<string, Fault>;

/** Breaks the connections of one claim to three, one after the other. */
function cutAtClaim(moment: Moment): Fault {
  return async ({ cluster, random }) => {
    const proxies = cluster.waysIn();
    const cuts = () => proxies.reduce((sum, proxy) => sum + proxy.cutClaims, 0);
    for (let left = random.integer(1, 3); left > 0; left--) {
      const before = cuts();
      for (const proxy of proxies) proxy.cutAtClaim(moment);
      // Perhaps nobody claims, as something else is broken.
      await until('a claim to cut', () => cuts() > before, CUT_TIMEOUT_MS).catch(() => {});
    }
    for (const proxy of proxies) proxy.cutAtClaim(undefined);
  };
}
