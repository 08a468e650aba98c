import { Random } from './random.js';

/** Faults of one track follow each other, those of different tracks overlap. */
export type Track = 'database' | 'network' | 'service';

/** Beyond the time within which the services give a connection up. */
const LONG_MS = 4_500;

/** What is broken. The words are for people. */
const kinds = {
  // PostgreSQL
  killPostgres: { track: 'database', words: 'PostgreSQL dies by kill -9 and comes back' },
  killBackend: { track: 'database', words: 'a session of PostgreSQL dies by kill -9, and all with it' },
  stopFast: { track: 'database', words: 'PostgreSQL shuts down fast and comes back' },
  stopImmediately: { track: 'database', words: 'PostgreSQL shuts down immediately and comes back' },
  freezePostgres: { track: 'database', lastsMsMax: LONG_MS, words: 'PostgreSQL freezes' },
  endSessions: { track: 'database', words: 'an operator ends all sessions of the services' },
  exhaustConnections: { track: 'database', words: 'max_connections is reached' },
  lockCoupon: { track: 'database', words: 'somebody locks a coupon' },
  fillDisk: { track: 'database', words: 'the disk of PostgreSQL is full' },
  failOver: { track: 'database', words: 'the primary dies by kill -9, and the standby takes over' },
  failOverFast: {
    track: 'database',
    words: 'the primary shuts down immediately, and the standby takes over',
  },
  switchOver: { track: 'database', words: 'the standby takes over, and the primary becomes its standby' },
  killStandby: { track: 'database', words: 'the synchronous standby dies and comes back' },
  cutReplication: {
    track: 'database',
    lastsMsMax: LONG_MS,
    words: 'nothing reaches the synchronous standby',
  },
  // the network
  cut: { track: 'network', words: 'all connections to PostgreSQL break' },
  refuse: { track: 'network', words: 'all connections to PostgreSQL break, and new ones are refused' },
  cutBeforeClaim: { track: 'network', words: 'the connection breaks before a claim reaches PostgreSQL' },
  cutDuringClaim: { track: 'network', words: 'the connection breaks while PostgreSQL decides a claim' },
  cutAfterClaim: { track: 'network', words: 'the connection breaks before the answer to a claim' },
  hold: {
    track: 'network',
    lastsMsMax: LONG_MS,
    words: 'a black hole: nothing reaches PostgreSQL, and then all that was sent',
  },
  holdAndCut: {
    track: 'network',
    lastsMsMax: LONG_MS,
    words: 'a black hole: nothing reaches PostgreSQL, and then all is lost',
  },
  halfOpen: {
    track: 'network',
    words: 'half-open: PostgreSQL loses its connections, the services learn nothing',
  },
  slow: { track: 'network', words: 'the way to PostgreSQL is slow' },
  killPooler: { track: 'network', words: 'pgbouncer dies by kill -9 and comes back' },
  // the services
  killService: { track: 'service', words: 'a service dies by kill -9 and is started again' },
  stopService: { track: 'service', words: 'a service gets SIGTERM and is started again' },
  killWorker: { track: 'service', words: 'a worker dies by kill -9' },
  freezeService: { track: 'service', words: 'a service freezes' },
  jumpForward: { track: 'service', words: 'the clock of a service jumps ahead by an hour' },
  jumpBack: { track: 'service', words: 'the clock of a service jumps back by an hour' },
} satisfies Record<string, { track: Track; words: string; lastsMsMax?: number }>;

export type FaultKind = keyof typeof kinds;

export const faultKinds: Record<FaultKind, { track: Track; words: string; lastsMsMax?: number }> = kinds;

export interface PlannedFault {
  kind: FaultKind;
  /** When it begins, from the start of the load, or later, when its track is free. */
  atMs: number;
  /** How long it lasts, or how long it takes until someone does something about it. */
  lastsMs: number;
}

/** How the services reach PostgreSQL. */
export const ways = {
  name: 'one name, which moves to the new primary',
  hosts: 'both hosts in the URL',
  hostsReversed: 'both hosts in the URL, the standby first',
  sessionPooler: 'pgbouncer, one connection per session',
  transactionPooler: 'pgbouncer, one connection per transaction',
} as const;

export type Way = keyof typeof ways;

/** Everything that a seed decides. */
export interface Plan {
  seed: number;
  services: number;
  workers: number;
  way: Way;
  lanes: number;
  outcomeTimeoutMs: number;
  hasStandby: boolean;
  coupons: { name: string; amount: number }[];
  clients: number;
  faults: PlannedFault[];
}

const FAULTS_MIN = 2;
const FAULTS_MAX = 4;
const LOAD_MS = 2_500;
const LASTS_MS_MIN = 50;
const LASTS_MS_MAX = 1_500;
/** These need a standby. */
const standbyFaults: readonly FaultKind[] = [
  'failOver',
  'failOverFast',
  'switchOver',
  'killStandby',
  'cutReplication',
];

export function planOf(seed: number): Plan {
  const random = new Random(seed);
  const way = random.pick(Object.keys(ways) as Way[]);
  const hasStandby = way === 'hosts' || way === 'hostsReversed' || random.chance(0.5);
  const workers = random.chance(0.25) ? 2 : 1;
  const isPossible: Partial<Record<FaultKind, boolean>> = {
    ...Object.fromEntries(standbyFaults.map((kind) => [kind, hasStandby])),
    killWorker: workers > 1,
    killPooler: way === 'sessionPooler' || way === 'transactionPooler',
  };
  const possible = (Object.keys(faultKinds) as FaultKind[]).filter((kind) => isPossible[kind] ?? true);
  const drawn = Array.from({ length: random.integer(FAULTS_MIN, FAULTS_MAX) }, () => random.pick(possible));
  // A failover is what a standby is for.
  if (hasStandby && random.chance(0.5)) {
    drawn[0] = random.pick(['failOver', 'failOverFast', 'switchOver'] as const);
  }
  const faults = drawn.map((kind) => ({
    kind,
    atMs: random.integer(0, LOAD_MS),
    lastsMs: random.integer(LASTS_MS_MIN, faultKinds[kind].lastsMsMax ?? LASTS_MS_MAX),
  }));
  return {
    seed,
    services: random.chance(0.5) ? 2 : 1,
    workers,
    way,
    lanes: random.integer(1, 2),
    outcomeTimeoutMs: random.pick([2_000, 15_000]),
    hasStandby,
    coupons: Array.from({ length: random.integer(2, 5) }, (_, i) => ({
      name: `coupon ${i}/é`,
      amount: random.pick([1, 20, 60, 100_000]),
    })),
    clients: random.integer(10, 40),
    faults: faults.sort((a, b) => a.atMs - b.atMs),
  };
}

/** The plan in words, one line each. */
export function describePlan(plan: Plan): string[] {
  const { services, workers, way, lanes, outcomeTimeoutMs, hasStandby, coupons, clients, faults } = plan;
  const processes = workers > 1 ? ` of ${workers} workers each` : '';
  return [
    `${services} service${services > 1 ? 's' : ''}${processes}, ${lanes} lane${lanes > 1 ? 's' : ''}, CLAIM_OUTCOME_TIMEOUT_MS=${outcomeTimeoutMs}`,
    `PostgreSQL ${hasStandby ? 'with' : 'without'} a synchronous standby, reached by ${ways[way]}`,
    `${clients} clients want coupons with the amounts ${coupons.map(({ amount }) => amount).join(', ')}`,
    ...faults.map(
      ({ kind, atMs, lastsMs }) =>
        `after ${(atMs / 1000).toFixed(1)} s, for ${(lastsMs / 1000).toFixed(1)} s: ${faultKinds[kind].words} (${kind})`,
    ),
  ];
}
