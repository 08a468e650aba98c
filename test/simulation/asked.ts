import type { Execution } from './execution.js';
import type { LaneWatch } from './lane-watch.js';
import type { Row } from './tables.js';

/** A request of a client to a server, and what became of it. */
export interface Asked {
  /** Counts all requests of the history. */
  number: number;
  user: string;
  coupon: string;
  /** Undefined if the server makes one. */
  key: string | undefined;
  server: ServerRun;
  at: number;
  /** The last commit before it. */
  sinceCommit: number;
  /** What the lane knows of the client. */
  caller: { destroyed: boolean };
  /** Whether its server had no room when it arrived. */
  foundNoRoom: boolean;
  /** Its batches, in the order of their start. */
  batches: Batch[];
  /** When the first batch that left its outcome unknown started. */
  unknownSince?: number;
  outcome?: string;
  /** What the client was told: an outcome, or an error. */
  told?: string;
  /** The first row that it made. */
  made?: Row;
}

/** A server process, from its start to its end. */
export interface ServerRun {
  number: number;
  name: string;
  isDead: boolean;
  watches: LaneWatch[];
}

/** A batch that a lane has started. */
export interface Batch {
  server: ServerRun;
  lane: number;
  asked: readonly Asked[];
  startStep: number;
  startedAt: number;
  endStep?: number;
  execution?: Execution;
  /** Requests without an outcome, when it has ended. */
  undecided: Set<Asked>;
}
