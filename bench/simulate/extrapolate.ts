import { table } from '../report/tables.js';
import type { Costs } from './costs.js';
import { type Plan, type Simulated, simulate } from './simulate.js';

/** What this machine cannot show. All of it is assumed, and printed with the result. */
export const INFRASTRUCTURE = {
  databaseProcessors: 16,
  databaseRoundTripUs: 300,
  clientRoundTripUs: 1_000,
  walMegabytesPerSecond: 500,
  networkMegabytesPerSecondOfAService: 1_250,
  /** A request with its answer, and their packets. */
  networkBytesPerClaim: 1_000,
  connectionsPerDatabase: 500,
};

/** The share of a processor that leaves room for peaks. */
const BUSY_WANTED = 0.6;
const RATES = [10_000, 30_000, 100_000, 300_000, 1_000_000];
const SERVICES = [1, 2, 4, 8, 16];
const CLIENTS_PER_SERVICE = 1_000;
/** The default where there are eight processors or more. */
const LANES = 4;
const MANY_COUPONS = 10_000;
/** So that each simulation costs about the same time. */
const CLAIMS_SIMULATED = 300_000;
/** A batch of a busy lane. */
const TYPICAL_BATCH = 50;

/** Simulates larger installations with these costs, and describes them. */
export async function extrapolate(measured: Costs): Promise<string> {
  const costs = { ...measured, roundTripUs: INFRASTRUCTURE.databaseRoundTripUs };
  const plan: Omit<Plan, 'services' | 'databases' | 'coupons' | 'load' | 'isSoldOut' | 'isByCoupon'> = {
    costs,
    lanes: LANES,
    databaseProcessors: INFRASTRUCTURE.databaseProcessors,
    processors: 1,
    clientRoundTripUs: INFRASTRUCTURE.clientRoundTripUs,
    walBytesPerSecond: INFRASTRUCTURE.walMegabytesPerSecond * 1e6,
    warmupMs: 300,
    durationMs: 700,
  };
  const parts: string[] = [];
  const many = `${MANY_COUPONS.toLocaleString('en')} coupons`;
  for (const [title, coupons, isSoldOut, isByCoupon] of [
    ['One coupon', 1, false, false],
    [`${many}, each service gets all of them`, MANY_COUPONS, false, false],
    [`${many}, the balancer gives all claims for a coupon to one service`, MANY_COUPONS, false, true],
    ['A sold-out coupon', 1, true, false],
  ] as const) {
    const rows: string[][] = [];
    for (const services of SERVICES) {
      const load = { clients: services * CLIENTS_PER_SERVICE };
      const simulated = await simulate({
        ...plan,
        services,
        databases: 1,
        coupons,
        isSoldOut,
        isByCoupon,
        load,
      });
      rows.push([String(services), ...describe(simulated, services)]);
    }
    parts.push(
      `${title}. One database, as many claims as it takes:\n\n${table(['Service processes', ...HEAD], rows, 0)}`,
    );
  }
  const rows: string[][] = [];
  for (const [perSecond, lanes] of RATES.flatMap((rate) => [[rate, 1] as const, [rate, LANES] as const])) {
    const { services, databases } = size(costs, perSecond);
    const seconds = CLAIMS_SIMULATED / perSecond;
    const simulated = await simulate({
      ...plan,
      lanes,
      services,
      databases,
      coupons: MANY_COUPONS,
      isSoldOut: false,
      isByCoupon: true,
      load: { perSecond },
      warmupMs: Math.min(300, seconds * 300),
      durationMs: Math.min(2_000, seconds * 700),
    });
    const sizes = [perSecond, services, lanes, databases].map((size) => size.toLocaleString('en'));
    rows.push([...sizes, ...describe(simulated, services)]);
  }
  const head = ['Claims arrive /s', 'Service processes', 'Lanes', 'Databases', ...HEAD];
  parts.push(`${many} at a rate, by coupon:\n\n${table(head, rows, 0)}`);
  return parts.join('\n\n');
}

/** As many services and databases as keep each of them below the share that is wanted. */
function size(costs: Costs, perSecond: number): { services: number; databases: number } {
  const serverUs = costs.claimHttpUs + costs.clientUsPerClaim + costs.clientUsPerBatch / TYPICAL_BATCH;
  const databaseUs =
    costs.statementUsPerClaim + costs.statementUsPerCoupon + costs.statementUsPerBatch / TYPICAL_BATCH;
  const busy = BUSY_WANTED * 1e6;
  return {
    services: Math.ceil((perSecond * serverUs) / busy),
    databases: Math.ceil((perSecond * databaseUs) / busy / INFRASTRUCTURE.databaseProcessors),
  };
}

const HEAD = [
  'Claims/s',
  'p50 ms',
  'p99 ms',
  'Claims a batch',
  'Busy: service',
  'PostgreSQL',
  'its log',
  'WAL bytes',
  'network',
  'connections',
  'one row',
  'Fullest',
];

function describe(simulated: Simulated, services: number): string[] {
  const { busy, perSecond } = simulated;
  const { walMegabytesPerSecond, networkBytesPerClaim, networkMegabytesPerSecondOfAService } = INFRASTRUCTURE;
  const shares = {
    'a service': busy.service,
    PostgreSQL: busy.database,
    'its log': busy.log,
    'WAL bytes': simulated.walBytesPerSecond / walMegabytesPerSecond / 1e6,
    network: (perSecond * networkBytesPerClaim) / services / networkMegabytesPerSecondOfAService / 1e6,
    connections: simulated.connectionsPerDatabase / INFRASTRUCTURE.connectionsPerDatabase,
    'one row': busy.row,
  };
  const fullest = Object.entries(shares).reduce((most, one) => (one[1] > most[1] ? one : most));
  return [
    Math.round(perSecond).toLocaleString('en'),
    simulated.p50Ms.toFixed(1),
    simulated.p99Ms.toFixed(1),
    simulated.claimsPerBatch.toFixed(0),
    ...Object.values(shares).map((share) => `${(share * 100).toFixed(0)} %`),
    fullest[0],
  ];
}
