import autocannon from 'autocannon';
import type { LoadPlan } from './plan.js';
import type { Tally } from './tally.js';
import { type Request, requestsOf } from './traffic.js';

/** A method that the types of autocannon leave out (autocannon 9.0.0, lib/httpClient.js). */
interface ClientInside extends autocannon.Client {
  getRequestBuffer: () => string;
}

/**
 * Sends the next request of a connection as soon as the last one is answered: as many as the server
 * can take.
 * @returns the number of network errors.
 */
export async function runClosedLoop(plan: LoadPlan, tally: Tally): Promise<number> {
  const { traffic, url } = plan;
  const seconds = (plan.warmupMs + plan.durationMs) / 1000;
  let users = 0;
  let connections = 0;
  const { errors } = await autocannon({
    url,
    connections: plan.connections,
    ...(plan.requests === null ? { duration: seconds } : { amount: plan.requests }),
    timeout: 30,
    sampleInt: 100,
    skipAggregateResult: true,
    setupClient(client) {
      // Otherwise, all connections would claim the same coupon at the same time.
      const start = Math.floor((connections++ * traffic.coupons) / plan.connections);
      const next = requestsOf(traffic, new URL(url).host, start, () => users++);
      let request: Request;
      // autocannon's own way to vary requests takes a third of its time.
      (client as ClientInside).getRequestBuffer = () => {
        request = next();
        return request.text;
      };
      client.on('response', (status, _bytes, ms) => tally.record(status, ms, request));
    },
  });
  return errors;
}
