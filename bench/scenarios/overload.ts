import type { OwnDatabase } from '../rig/database.js';
import { type Server, startServer } from '../rig/servers.js';
import type { Bench } from './bench.js';
import { measure } from './measure.js';
import type { Place } from './measurement.js';
import { STEPS, type Step } from './steps.js';

/** Claims that may wait in one of the two servers. As many clients do not overload it. */
const WAITING_MAX = 2_000;
const CLIENTS = 8_000;
/** Requests arrive at this many times the capacity. */
const LOAD = 5;
/** More than any server answers: each client that is free gets the next request at once. */
const RATE_MAX = 200_000;
const ROUNDS_MAX = 3;
/** Refusals are held for seconds. The load is steady after that. */
const WARMUP_SECONDS = 8;

type Retry = NonNullable<Step['retry']>;

/**
 * Measures claims that are accepted while three quarters of the clients are refused. Beside it, a server
 * with another limit refuses none of the same clients: the difference is what refusals cost. Clients that
 * are refused retry, at once or as `Retry-After` asks.
 */
export async function runOverload(bench: Bench, database: OwnDatabase): Promise<void> {
  const start = (waitingMax: number) =>
    startServer('engine', database, database.folder, bench.signal, {
      CLAIMS_WAITING_MAX: String(waitingMax),
    });
  const tight = await start(WAITING_MAX);
  const roomy = await start(CLIENTS);
  const run = (server: Server, place: Place, clients: number, rate: number, retry: Retry) => {
    const overrides = { connections: clients, rate, warmupSeconds: WARMUP_SECONDS };
    return measure(bench, server, { ...STEPS.overload, retry, overrides }, place);
  };
  try {
    for (let round = 1; round <= Math.min(bench.options.rounds, ROUNDS_MAX); round++) {
      for (const [server, clients] of [
        [tight, WAITING_MAX],
        [roomy, CLIENTS],
      ] as const) {
        const place = placeOf(`${clients.toLocaleString('en')} clients, none refused`, round);
        await run(server, place, clients, RATE_MAX, 'at once');
      }
      const capacity = bench.measurements.at(-1)!.perSecond;
      for (const retry of ['at once', 'after Retry-After'] as const) {
        await run(tight, placeOf(`retry ${retry}`, round), CLIENTS, Math.round(capacity * LOAD), retry);
      }
    }
  } finally {
    await tight.stop();
    await roomy.stop();
  }
}

function placeOf(label: string, round: number): Place {
  return { axis: 'Overload', label, server: 'engine', round };
}
