import { randomBytes } from 'node:crypto';
import type { Traffic } from './traffic.js';

/** One step: a load on a server, with what it may be answered. */
export interface Step {
  label: string;
  coupons: number;
  amount: number;
  users?: number;
  readsInTen?: number;
  /** Are the coupons sold out before the load begins? */
  isSoldOut?: boolean;
  /** The statuses that may occur, and with what code a refusal comes. */
  expected: { statuses: number[]; refusal?: string };
  /** How many 200s there are when all has been answered; absent: any number. */
  claimsExactly?: number;
  /** Always so many; absent: as the user says. */
  connections?: number;
  /** Unless the user says otherwise. */
  connectionsDefault?: number;
  rate?: number;
  requests?: number;
  warmupSeconds?: number;
  durationSeconds?: number;
  /** Always autocannon. */
  isDetailed?: boolean;
}

const runId = randomBytes(3).toString('hex');
let steps = 0;

/** New names for coupons and users, so that no step meets another's. */
export function newTraffic({
  coupons,
  users,
  readsInTen,
}: Pick<Step, 'coupons' | 'users' | 'readsInTen'>): Traffic {
  const prefix = `bench-${runId}-${++steps}-`;
  return {
    couponPrefix: prefix,
    coupons,
    userPrefix: prefix,
    users: users ?? null,
    readsInTen: readsInTen ?? 0,
  };
}
