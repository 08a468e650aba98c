import { median } from '../median.js';
import type { OwnDatabase } from '../rig/database.js';
import { type Server, startServer } from '../rig/servers.js';
import type { Bench } from './bench.js';
import { measure } from './measure.js';
import { nameOf, type Place } from './measurement.js';
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
const AT_ONCE: Retry = 'at once';
const NONE_REFUSED = 'none refused';

/**
 * Measures claims that are accepted while three quarters of the clients are refused. Beside it, a server
 * with another limit refuses none of the same clients: the difference is what refusals cost. Clients that
 * are refused retry, at once or as `Retry-After` asks.
 */
export async function runOverload(bench: Bench, database: OwnDatabase): Promise<void> {
  const start = (settings: Record<string, string>) =>
    startServer('engine', database, database.folder, bench.signal, settings);
  const limited = await start({ CLAIMS_WAITING_MAX: String(WAITING_MAX) });
  const unlimited = await start({ CLAIMS_WAITING_MAX: String(CLIENTS) });
  const run = (
    server: Server,
    label: string,
    round: number,
    step: Step['overrides'],
    retry: Retry = AT_ONCE,
  ) => {
    const overrides = { connections: CLIENTS, rate: RATE_MAX, warmupSeconds: WARMUP_SECONDS, ...step };
    return measure(bench, server, { ...STEPS.overload, retry, overrides }, placeOf(label, round));
  };
  try {
    for (let round = 1; round <= Math.min(bench.options.rounds, ROUNDS_MAX); round++) {
      await run(limited, `${WAITING_MAX} clients, none refused`, round, { connections: WAITING_MAX });
      await run(unlimited, NONE_REFUSED, round, {});
      const capacity = median(
        bench.measurements
          .filter((one) => nameOf(one) === nameOf(placeOf(NONE_REFUSED, round)))
          .map(({ perSecond }) => perSecond),
      )!;
      for (const retry of [AT_ONCE, 'after Retry-After'] as const) {
        await run(limited, `retry ${retry}`, round, { rate: Math.round(capacity * LOAD) }, retry);
      }
    }
  } finally {
    await limited.stop();
    await unlimited.stop();
  }
}

function placeOf(label: string, round: number): Place {
  return { axis: 'Overload', label, server: 'engine', round };
}
