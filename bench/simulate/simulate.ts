import { Clock } from '../../test/simulation/clock.js';
import { Random } from '../../test/simulation/random.js';
import type { Costs } from './costs.js';
import { ModelDatabase } from './database.js';
import { Machine, Thread } from './machine.js';
import { ModelService } from './service.js';

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
  walBytesPerSecond: number;
  connectionsPerDatabase: number;
}

const SEED = 1;

/** Simulates clients, services and databases. */
export async function simulate(plan: Plan): Promise<Simulated> {
  const clock = new Clock();
  const { costs, databaseProcessors, processors, lanes, isSoldOut } = plan;
  const shared = databaseProcessors === null ? new Machine(clock, processors) : null;
  const databases = Array.from({ length: plan.databases }, () => {
    const machine = shared ?? new Machine(clock, databaseProcessors!);
    return new ModelDatabase(clock, machine, costs, plan.walBytesPerSecond);
  });
  const services = Array.from({ length: plan.services }, () => {
    // Elsewhere, each process of the service has a processor.
    const machine = shared ?? new Machine(clock, 1);
    return new ModelService({ clock, machine, costs, databases, lanes, isSoldOut });
  });
  const latenciesMs: number[] = [];
  const endMs = plan.warmupMs + plan.durationMs;
  const record = (sentAt: number) => {
    if (clock.now >= plan.warmupMs && clock.now < endMs) latenciesMs.push(clock.now - sentAt);
  };
  const load = new Thread(shared ?? new Machine(clock, Number.POSITIVE_INFINITY));
  const ask = (service: ModelService, coupon: number, answered: () => void) => {
    const oneWayMs = plan.clientRoundTripUs / 2_000;
    clock.after(oneWayMs, () => service.claim(coupon, () => clock.after(oneWayMs, answered)));
  };
  if ('clients' in plan.load) closedLoop(plan.load.clients);
  else openLoop(plan.load.perSecond);

  const usage = () => ({
    server: services.map(({ thread }) => thread.busyUs),
    databases: databases.map(({ machine, flushBusyMs, rowHeldMsMax, walBytes, batches, claims }) => {
      return { cpuUs: machine.busyUs, flushBusyMs, rowHeldMsMax, walBytes, batches, claims };
    }),
    loadUs: load.busyUs,
  });
  let before = usage();
  clock.at(plan.warmupMs, () => (before = usage()), true);
  await clock.run(() => clock.now < endMs);
  return summarize(before, usage());

  /** Each client sends its next claim when the last one is answered, to one service, as the bench does. */
  function closedLoop(clients: number): void {
    for (let i = 0; i < clients; i++) {
      const service = services[i % services.length]!;
      let coupon = Math.floor((i * plan.coupons) / clients);
      const send = () =>
        load.run(costs.loadUs, () => {
          const sentAt = clock.now;
          ask(service, coupon++ % plan.coupons, () => {
            record(sentAt);
            send();
          });
        });
      send();
    }
  }

  /** Claims arrive at random, and the balancer gives each to the next service in turn. */
  function openLoop(perSecond: number): void {
    const random = new Random(SEED);
    let count = 0;
    const arrive = () => {
      const sentAt = clock.now;
      ask(services[count++ % services.length]!, random.below(plan.coupons), () => record(sentAt));
      clock.after(exponential(random, 1_000 / perSecond), arrive);
    };
    arrive();
  }

  function summarize(from: ReturnType<typeof usage>, to: ReturnType<typeof usage>): Simulated {
    const claims = latenciesMs.length;
    const sorted = latenciesMs.sort((a, b) => a - b);
    const sumOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0);
    const grown = (part: keyof (typeof to.databases)[0]) =>
      to.databases.map((database, i) => database[part] - from.databases[i]![part]);
    const server = to.server.map((us, i) => us - from.server[i]!);
    // The shared machine counts all processors, also those of services and load.
    const others = shared ? sumOf(server) + to.loadUs - from.loadUs : 0;
    const databaseUs = (shared ? grown('cpuUs')[0]! : sumOf(grown('cpuUs'))) - others;
    const durationUs = plan.durationMs * 1_000;
    // What was begun before counts as a whole: it may be a little more than all.
    const busiest = (values: number[], of: number) => Math.min(1, Math.max(...values) / of);
    return {
      perSecond: (claims * 1_000) / plan.durationMs,
      p50Ms: sorted[Math.floor(claims * 0.5)] ?? Number.NaN,
      p99Ms: sorted[Math.floor(claims * 0.99)] ?? Number.NaN,
      serverCpuUs: sumOf(server) / claims,
      databaseCpuUs: databaseUs / claims,
      claimsPerBatch: sumOf(grown('claims')) / sumOf(grown('batches')),
      busy: {
        service: busiest(server, durationUs),
        database: shared
          ? grown('cpuUs')[0]! / durationUs / processors
          : busiest(grown('cpuUs'), durationUs * databaseProcessors!),
        log: busiest(grown('flushBusyMs'), plan.durationMs),
        row: busiest(grown('rowHeldMsMax'), plan.durationMs),
      },
      walBytesPerSecond: (Math.max(...grown('walBytes')) * 1_000) / plan.durationMs,
      connectionsPerDatabase: plan.services * lanes,
    };
  }
}

/** A random time between two arrivals of a Poisson process. */
export function exponential(random: Random, mean: number): number {
  return -Math.log((random.below(2 ** 32) + 1) / 2 ** 32) * mean;
}
