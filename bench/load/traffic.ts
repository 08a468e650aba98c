import { randomBytes } from 'node:crypto';

/** The coupons and users that requests are about. Plain data: it passes between processes. */
export interface Traffic {
  /** A coupon's name is this prefix and five digits. */
  couponPrefix: string;
  coupons: number;
  /** A user's id is this prefix and eight digits. */
  userPrefix: string;
  /** This many users claim again and again. Null: each claim is by another user. */
  users: number | null;
  /** Of ten requests, this many read a coupon. The others claim one. */
  readsInTen: number;
}

export const COUPON_DIGITS = 5;
export const USER_DIGITS = 8;

const runId = randomBytes(3).toString('hex');
let count = 0;

/** Chooses new names for coupons and users, so that no step meets those of another. */
export function newTraffic(step: { coupons: number; users?: number; readsInTen?: number }): Traffic {
  const id = `${runId}-${++count}`;
  const { coupons, users = null, readsInTen = 0 } = step;
  return { couponPrefix: `bench-${id}-`, coupons, userPrefix: `user-${id}-`, users, readsInTen };
}

export function couponName(traffic: Traffic, i: number): string {
  return traffic.couponPrefix + String(i).padStart(COUPON_DIGITS, '0');
}

export function couponNames(traffic: Traffic): string[] {
  return Array.from({ length: traffic.coupons }, (_, i) => couponName(traffic, i));
}

export function userId(traffic: Traffic, i: number): string {
  return traffic.userPrefix + String(i).padStart(USER_DIGITS, '0');
}
