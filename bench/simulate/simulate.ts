import type { Costs } from './costs.js';
import { World } from './world.js';

/** What is simulated. */
export interface Plan {
  costs: Costs;
  /** Processes of the service. */
  services: number;
  /** For each service and database. */
  lanes: number;
  databases: number;
  /** Null: load, services and databases share one machine of `processors`. */
  databaseProcessors: number | null;
  processors: number;
  coupons: number;
  isSoldOut: boolean;
  /** A closed loop of so many clients, or claims that arrive at a rate, at random. */
  load: { clients: number } | { perSecond: number };
  /**
   * Whether the balancer gives all claims for a coupon to one service. Otherwise each service gets all
   * coupons.
   */
  isByCoupon: boolean;
  /** Between the clients and the services, through the balancer, there and back. */
  clientRoundTripUs: number;
  walBytesPerSecond: number;
  warmupMs: number;
  durationMs: number;
}

export interface Simulated {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Processor time per claim. */
  serverCpuUs: number;
  databaseCpuUs: number;
  claimsPerBatch: number;
  /** Shares of the time in which they are busy, at most 1. Of several, the busiest. */
  busy: { service: number; database: number; log: number; row: number };
  /** Of the database that writes most. */
  walBytesPerSecond: number;
  connectionsPerDatabase: number;
}

/** Simulates clients, services and databases, and measures them after a warm-up. */
export async function simulate(plan: Plan): Promise<Simulated> {
  const world = new World(plan);
  const { clock } = world;
  if ('clients' in plan.load) world.startClosedLoop(plan.load.clients);
  else world.startOpenLoop(plan.load.perSecond);
  let before = usageOf(world);
  clock.at(plan.warmupMs, () => (before = usageOf(world)), true);
  await clock.run(() => clock.now < plan.warmupMs + plan.durationMs);
  return summarize(world, before, usageOf(world));
}

type Usage = ReturnType<typeof usageOf>;

function usageOf({ services, databases, load, shared }: World) {
  const serviceUs = services.map(({ thread }) => thread.busyUs);
  return {
    serviceUs,
    // On a machine that all share, PostgreSQL has what the others have not.
    databaseUs: shared
      ? [shared.busyUs - sumOf(serviceUs) - load.busyUs]
      : databases.map(({ machine }) => machine.busyUs),
    flushMs: databases.map(({ flushBusyMs }) => flushBusyMs),
    rowMs: databases.map(({ rowHeldMsMax }) => rowHeldMsMax),
    walBytes: databases.map(({ walBytes }) => walBytes),
    batches: databases.map(({ batches }) => batches),
    claims: databases.map(({ claims }) => claims),
  };
}

function summarize({ plan, answers }: World, before: Usage, after: Usage): Simulated {
  const { warmupMs, durationMs, processors, databaseProcessors } = plan;
  const sorted = answers
    .filter(({ at }) => at >= warmupMs && at < warmupMs + durationMs)
    .map(({ ms }) => ms)
    .sort((a, b) => a - b);
  const claims = sorted.length;
  const grown = (part: keyof Usage) => after[part].map((value, i) => value - before[part][i]!);
  // What was begun before counts as a whole: it may be a little more than all.
  const busiest = (part: keyof Usage, most: number) => Math.min(1, Math.max(...grown(part)) / most);
  return {
    perSecond: (claims * 1_000) / durationMs,
    p50Ms: sorted[Math.floor(claims * 0.5)] ?? Number.NaN,
    p99Ms: sorted[Math.floor(claims * 0.99)] ?? Number.NaN,
    serverCpuUs: sumOf(grown('serviceUs')) / claims,
    databaseCpuUs: sumOf(grown('databaseUs')) / claims,
    claimsPerBatch: sumOf(grown('claims')) / sumOf(grown('batches')),
    busy: {
      service: busiest('serviceUs', durationMs * 1_000),
      database: busiest('databaseUs', durationMs * 1_000 * (databaseProcessors ?? processors)),
      log: busiest('flushMs', durationMs),
      row: busiest('rowMs', durationMs),
    },
    walBytesPerSecond: (Math.max(...grown('walBytes')) * 1_000) / durationMs,
    connectionsPerDatabase: plan.services * plan.lanes,
  };
}

const sumOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0);
