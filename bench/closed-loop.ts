import autocannon from 'autocannon';
import type { LoadPlan } from './load-process.js';
import type { Tally } from './tally.js';
import { Requests } from './traffic.js';

/** What autocannon's client has, besides what its types tell (autocannon 9.0.0, lib/httpClient.js). */
interface ClientInside extends autocannon.Client {
  getRequestBuffer: () => Buffer;
}

/**
 * Each connection sends its next request when its answer has come: as much as the server can take.
 * @returns the number of network errors.
 */
export function runClosedLoop(plan: LoadPlan, tally: Tally): Promise<number> {
  const { traffic } = plan;
  let users = 0;
  let connections = 0;
  const nextUser = () => users++;
  return new Promise((resolve, reject) => {
    autocannon(
      {
        url: plan.url,
        connections: plan.connections,
        ...(plan.amount === null
          ? { duration: (plan.warmupMs + plan.durationMs) / 1000 }
          : { amount: plan.amount }),
        timeout: 30,
        sampleInt: 100,
        skipAggregateResult: true,
        setupClient(client) {
          // Each connection starts at another coupon, or all would go from coupon to coupon together.
          const start = Math.floor((connections++ * traffic.coupons) / plan.connections);
          const requests = new Requests(traffic, new URL(plan.url).host, start, nextUser);
          // Replacing [<id>] builds each request anew, from strings, and takes a third of autocannon's time.
          (client as ClientInside).getRequestBuffer = () => requests.next();
          client.on('response', (status, _bytes, ms) =>
            tally.record(status, ms, requests.coupon, requests.isRead),
          );
        },
      },
      (error, result) => (error ? reject(error) : resolve(result.errors)),
    );
  });
}
