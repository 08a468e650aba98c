import { readFile } from 'node:fs/promises';

/**
 * What the parts of a claim cost. Measured by `measureCosts`, or read from a file. Times are microseconds of
 * a processor, unless said.
 */
export interface Costs {
  /** The load generator, for a request and its answer. */
  loadUs: number;
  /** More when it slept, or another process had its processor. */
  loadSwitchUs: number;
  /** HTTP in the server, for a claim. */
  claimHttpUs: number;
  /** HTTP in the server, for a refusal. */
  refusalHttpUs: number;
  /** The same of the server. */
  serviceSwitchUs: number;
  /** The PostgreSQL client in the server. */
  clientUsPerBatch: number;
  clientUsPerClaim: number;
  /** PostgreSQL, for a statement. */
  statementUsPerBatch: number;
  statementUsPerClaim: number;
  /** More for each further coupon of a batch. */
  statementUsPerCoupon: number;
  /** More when another statement runs at the same time: pages go from one processor's caches to the other's. */
  sharedUsPerBatch: number;
  sharedUsPerClaim: number;
  /** More for a statement that waited for the row of its coupon. */
  lockWaitUs: number;
  /** PostgreSQL, for a statement that only refuses. */
  refusalUsPerBatch: number;
  refusalUsPerClaim: number;
  /** Until the write-ahead log is on the disk. Not of a processor. */
  flushUs: number;
  /** Between server and PostgreSQL, there and back. Not of a processor. */
  roundTripUs: number;
  walBytesPerBatch: number;
  walBytesPerClaim: number;
}

/** A measured point that the simulation is held against. */
export interface Point {
  name: string;
  services: number;
  coupons: number;
  isSoldOut: boolean;
  connections: number;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  serverCpuUs: number;
  databaseCpuUs: number;
}

/** What one machine has measured. */
export interface Measured {
  machine: string;
  measuredAt: string;
  commit: string;
  load: 'autocannon' | 'wrk';
  /** Load, services and PostgreSQL share them. */
  processors: number;
  lanes: number;
  costs: Costs;
  points: Point[];
}

export async function readMeasured(file: string): Promise<Measured> {
  return JSON.parse(await readFile(file, 'utf8'));
}
