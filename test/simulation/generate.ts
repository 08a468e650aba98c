import {
  type ClaimEvent,
  CUTS,
  DEEDS,
  type Fault,
  type HandEvent,
  type Moment,
  PHASES,
  type Phase,
  type Plan,
  type Wish,
} from './plan.js';
import { Random } from './random.js';

const USERS = ['ada', 'grace', 'alan', 'edsger', 'barbara', 'donald'];
const COUPONS = ['A', 'B', 'C'];
const FAULTS: Fault['kind'][] = [
  'cut',
  'cut',
  'cut',
  'stall',
  'stall',
  'fail',
  'slow',
  'crash',
  'refuse',
  'readOnly',
];
/** Most of all between the snapshot of a statement and its locks. */
const HAND_PHASES: Phase[] = [...PHASES, 'begun', 'begun', 'begun'];
const ERROR_CODES = ['40P01', '53100', '55P03', '57014', 'XX000'];
const REFUSALS = ['ECONNREFUSED', '53300', '57P03', 'CONNECT_TIMEOUT'];

/** The history of a seed. */
export function generatePlan(seed: number): Plan {
  const random = new Random(seed);
  const servers = random.pick([1, 1, 2, 2, 3]);
  const lanes = random.pick([1, 1, 2]);
  const coupons = COUPONS.slice(0, random.pick([1, 1, 2, 3])).map((name) => ({
    name,
    amount: random.between(1, 4),
  }));
  const users = USERS.slice(0, random.between(2, USERS.length));
  const burstMs = random.pick([1, 10, 30, 30, 100, 600]);
  const ways = new Ways(random);
  const draw = { random, servers, lanes, users, coupons, burstMs };
  const claims = Array.from({ length: random.between(2, 14) }, () => drawClaim(draw, ways));
  const hands = Array.from({ length: ways.byHand ? random.between(1, 4) : 0 }, () => drawHand(draw));
  const faults = Array.from({ length: ways.faults ? random.between(1, 4) : 0 }, () => ({
    ...drawFault(draw),
    at: drawMoment(draw),
  }));
  const kills = random.chance(0.08)
    ? [{ kind: 'kill' as const, at: drawMoment(draw), server: random.between(1, servers) }]
    : [];
  return {
    servers,
    lanes,
    coupons,
    batchSizeMax: random.pick([1, 2, 2, 3, 5]),
    aheadSizeMin: random.pick([1, 1, 2]),
    waitingMax: random.pick([3, 10, 100, 100]),
    jitter: random.between(1, 2 ** 30),
    events: [...claims, ...hands, ...faults, ...kills],
  };
}

interface Draw {
  random: Random;
  servers: number;
  lanes: number;
  users: string[];
  coupons: { name: string }[];
  burstMs: number;
}

/** What may happen in a history. One without many of the ways goes deeper into the others. */
class Ways {
  readonly keys: boolean;
  readonly leaving: boolean;
  readonly byHand: boolean;
  readonly faults: boolean;
  readonly many: boolean;

  constructor(random: Random) {
    this.keys = random.chance(0.5);
    this.leaving = random.chance(0.2);
    this.byHand = random.chance(0.4);
    this.faults = random.chance(0.8);
    this.many = random.chance(0.3);
  }
}

function drawClaim({ random, servers, users, coupons, burstMs }: Draw, ways: Ways): ClaimEvent {
  const user = random.pick(users);
  const claim: ClaimEvent = {
    kind: 'claim',
    at: random.below(burstMs),
    server: random.between(1, servers),
    user,
    coupon: random.pick(coupons).name,
    retries: random.pick([0, 1, 2]),
    retryMs: random.pick([0, 10, 100]),
  };
  if (ways.keys && random.chance(0.7)) {
    claim.key = `${user}-${random.between(1, 2)}`;
    if (random.chance(0.2)) claim.forgetsKey = true;
  }
  if (ways.leaving && random.chance(0.4)) claim.leaveMs = random.below(40);
  if (ways.many && random.chance(0.4)) {
    claim.more = Array.from({ length: random.between(1, 5) }, () => drawWish(random, users, coupons, ways));
  }
  return claim;
}

function drawWish(random: Random, users: string[], coupons: { name: string }[], ways: Ways): Wish {
  const user = random.pick(users);
  const wish: Wish = { user, coupon: random.pick(coupons).name };
  if (ways.keys && random.chance(0.7)) wish.key = `${user}-${random.between(1, 2)}`;
  return wish;
}

function drawMoment(
  { random, servers, lanes, burstMs }: Draw,
  phases: readonly Phase[] = PHASES,
): number | Moment {
  if (random.chance(0.3)) return random.below(burstMs + 50);
  return {
    server: random.between(1, servers),
    lane: random.between(1, lanes),
    statement: random.pick([1, 1, 2, 2, 2, 3, 3, 4, 5]),
    phase: random.pick(phases),
  };
}

function drawHand(draw: Draw): HandEvent {
  const { random, users, coupons } = draw;
  const hand: HandEvent = {
    kind: 'hand',
    at: drawMoment(draw, HAND_PHASES),
    deed: random.pick(DEEDS),
    coupon: random.pick(coupons).name,
    user: random.pick(users),
    units: random.between(1, 3),
    holdMs: random.pick([0, 0, 5, 30, 300]),
  };
  if (random.chance(0.15)) hand.rollsBack = true;
  return hand;
}

function drawFault({ random, servers, lanes }: Draw): Fault {
  const place = { server: random.between(1, servers), lane: random.between(1, lanes) };
  const kind = random.pick(FAULTS);
  switch (kind) {
    case 'cut':
      return { kind, ...place, how: random.pick(CUTS) };
    case 'stall':
      return { kind, ...place, ms: random.pick([5, 50, 700, 2_500]) };
    case 'fail':
      return { kind, ...place, code: random.pick(ERROR_CODES) };
    case 'slow':
      return { kind, ms: random.pick([20, 200, 1_000]), extraMs: random.pick([5, 50, 300, 700]) };
    case 'crash':
      return { kind, ms: random.pick([5, 60, 300, 2_500]) };
    case 'refuse':
      return { kind, ms: random.pick([20, 200, 1_500]), code: random.pick(REFUSALS) };
    case 'readOnly':
      return { kind, ms: random.pick([10, 100, 2_000]) };
  }
}
