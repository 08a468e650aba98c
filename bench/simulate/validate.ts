import { table } from '../report/tables.js';
import type { Measured } from './costs.js';
import { simulate } from './simulate.js';

const WARMUP_MS = 500;
const DURATION_MS = 2_000;

/** Simulates the measured points, and describes how far the simulation is from them. */
export async function validate({ points, costs, processors, lanes }: Measured): Promise<string> {
  const rows: string[][] = [];
  for (const point of points) {
    const simulated = await simulate({
      costs,
      services: point.services,
      lanes,
      databases: 1,
      databaseProcessors: null,
      processors,
      coupons: point.coupons,
      isSoldOut: point.isSoldOut,
      load: { clients: point.connections },
      isByCoupon: false,
      clientRoundTripUs: 0,
      walBytesPerSecond: Number.POSITIVE_INFINITY,
      warmupMs: WARMUP_MS,
      durationMs: DURATION_MS,
    });
    // Not -0.
    const errorPercent = Math.round((simulated.perSecond / point.perSecond - 1) * 100) || 0;
    const pair = (of: 'serverCpuUs' | 'databaseCpuUs' | 'p50Ms') =>
      `${point[of].toFixed(1)} / ${simulated[of].toFixed(1)}`;
    rows.push([
      point.name,
      String(point.services),
      Math.round(point.perSecond).toLocaleString('en'),
      Math.round(simulated.perSecond).toLocaleString('en'),
      `${errorPercent > 0 ? '+' : ''}${errorPercent} %`,
      pair('serverCpuUs'),
      pair('databaseCpuUs'),
      pair('p50Ms'),
      simulated.claimsPerBatch.toFixed(0),
    ]);
  }
  const pairs = ['CPU µs server', 'CPU µs PostgreSQL', 'p50 ms'].map(
    (name) => `${name}, measured / simulated`,
  );
  return table(
    ['Point', 'Services', 'Measured /s', 'Simulated /s', 'Error', ...pairs, 'Claims a batch, simulated'],
    rows,
    1,
  );
}
