import { median } from '../median.js';
import type { OwnDatabase } from '../rig/database.js';
import { startServer } from '../rig/servers.js';
import type { Bench } from './bench.js';
import { measure } from './measure.js';
import { nameOf, type Place } from './measurement.js';
import { STEPS, type Step } from './steps.js';

/** Claims that may wait. More clients than that overload the service. */
const WAITING_MAX = 2_000;
const CLIENTS_FEW = 1_000;
const CLIENTS_MANY = 8_000;
/** Requests arrive at this many times the capacity. */
const LOAD = 5;
/** More than any server answers: each client that is free gets the next request at once. */
const RATE_MAX = 200_000;
const ROUNDS_MAX = 3;

/**
 * Measures claims that are accepted while four times as many clients are refused, beside those of a
 * server that refuses nobody. Clients that are refused retry, at once or as `Retry-After` asks.
 */
export async function runOverload(bench: Bench, database: OwnDatabase): Promise<void> {
  const settings = { CLAIMS_WAITING_MAX: String(WAITING_MAX) };
  const server = await startServer('engine', database, database.folder, bench.signal, settings);
  try {
    for (let round = 1; round <= Math.min(bench.options.rounds, ROUNDS_MAX); round++) {
      const few = placeOf('nobody refused', round);
      const overrides = { connections: CLIENTS_FEW, rate: RATE_MAX };
      await measure(bench, server, { ...STEPS.overload, retry: 'at once', overrides }, few);
      const capacity = median(
        bench.measurements.filter((one) => nameOf(one) === nameOf(few)).map(({ perSecond }) => perSecond),
      )!;
      for (const retry of ['at once', 'after Retry-After'] as const) {
        const many = { connections: CLIENTS_MANY, rate: Math.round(capacity * LOAD) };
        const step: Step = { ...STEPS.overload, retry, overrides: many };
        await measure(bench, server, step, placeOf(`retry ${retry}`, round));
      }
    }
  } finally {
    await server.stop();
  }
}

function placeOf(label: string, round: number): Place {
  return { axis: 'Overload', label, server: 'engine', round };
}
