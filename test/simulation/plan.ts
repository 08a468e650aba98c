/**
 * A history as it is planned: who asks for what, what others do to the database by hand, and what
 * breaks. A plan and the code decide everything that happens. Servers, lanes and statements are
 * counted from 1.
 */
export interface Plan {
  servers: number;
  lanes: number;
  coupons: { name: string; amount: number }[];
  batchSizeMax: number;
  aheadSizeMin: number;
  waitingMax: number;
  /** Seeds the delays of the network and of PostgreSQL. With 0, all of them are the shortest. */
  jitter: number;
  events: PlannedEvent[];
}

export const PHASES = ['sent', 'begun', 'locked', 'written', 'committed', 'answered'] as const;

/**
 * - sent: the lane has given it to its connection.
 * - begun: it has its snapshot, and no lock.
 * - locked: it holds the locks of its coupons.
 * - written: its claims and the stock are written, but not committed.
 * - committed: the answer is on its way.
 * - answered: the lane has the answer.
 */
export type Phase = (typeof PHASES)[number];

/** A moment in the life of the n-th statement of a lane. */
export interface Moment {
  server: number;
  lane: number;
  statement: number;
  phase: Phase;
}

export type PlannedEvent =
  | ClaimEvent
  | HandEvent
  | (Fault & { at: number | Moment })
  /** A server process is killed, and starts again. */
  | { kind: 'kill'; at: number | Moment; server: number };

/** A client claims a coupon. */
export interface ClaimEvent {
  kind: 'claim';
  at: number;
  server: number;
  user: string;
  coupon: string;
  key?: string;
  /** When the client disconnects, after each of its requests. */
  leaveMs?: number;
  /** How often the client tries again after a failure, at the next server each time. */
  retries: number;
  retryMs: number;
  /** Whether the key is left out when the client tries again. */
  forgetsKey?: boolean;
  /** What the client claims in the same request. Absent: it asks for a single claim. */
  more?: Wish[];
}

/** One claim of a request. */
export interface Wish {
  user: string;
  coupon: string;
  key?: string;
}

/** Somebody changes the database by hand, in a transaction of its own. */
export interface HandEvent {
  kind: 'hand';
  at: number | Moment;
  deed: Deed;
  coupon: string;
  /** Of grants and revocations. */
  user: string;
  /** Of restocks, withdrawals and creations. */
  units: number;
  /** Between the change and the end of the transaction. */
  holdMs: number;
  rollsBack?: boolean;
}

/**
 * - restock, withdraw: more or fewer units.
 * - grant, revoke: a claim is inserted or deleted, and the stock changed with it.
 * - grantFirst: as grant, but the claim is inserted before the coupon is locked.
 * - drop: the coupon and its claims are deleted. create: the coupon is created, if it is absent.
 * - lock: the coupon is locked, and nothing is changed.
 */
export const DEEDS = [
  'restock',
  'withdraw',
  'grant',
  'grantFirst',
  'revoke',
  'drop',
  'create',
  'lock',
] as const;
export type Deed = (typeof DEEDS)[number];

/**
 * - terminate: PostgreSQL ends the process behind the connection, and the server learns of it.
 * - vanish: as terminate, but the server does not learn of it.
 * - reset: the server loses the connection. PostgreSQL does not notice: it goes on with what it has.
 * - resetLosing: as reset, and what is on its way to PostgreSQL is lost.
 */
export const CUTS = ['terminate', 'vanish', 'reset', 'resetLosing'] as const;
export type Cut = (typeof CUTS)[number];

export type Fault =
  | { kind: 'cut'; server: number; lane: number; how: Cut }
  /** Nothing passes a connection for a while. It all arrives afterwards. */
  | { kind: 'stall'; server: number; lane: number; ms: number }
  /** The statement under way, or else the next one, fails with an ERROR. */
  | { kind: 'fail'; server: number; lane: number; code: string }
  /** Every statement takes longer, for a while. */
  | { kind: 'slow'; ms: number; extraMs: number }
  /** PostgreSQL is killed, and is back after a while. */
  | { kind: 'crash'; ms: number }
  /** No new connection is made, for a while. */
  | { kind: 'refuse'; ms: number; code: string }
  /** The database is read-only for a while: every claim statement fails. */
  | { kind: 'readOnly'; ms: number };

/** The bounds of the simulated servers: a tenth of those of the settings. */
export const LIMITS = {
  statementTimeoutMs: 500,
  lockTimeoutMs: 200,
  giveUpMs: 600,
  waitMsMax: 500,
  unknownMsMax: 1_500,
  connectTimeoutMs: 500,
};

/** How often the lanes look for requests that have waited for too long. */
export const EXPIRY_INTERVAL_MS = 100;
