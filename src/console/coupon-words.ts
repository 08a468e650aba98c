import type { Coupon } from './api.js';
import { spanWords, timeWords } from './words.js';

/** Of a state that this page does not know, its name. */
const STATES: Record<string, string> = {
  scheduled: 'Scheduled',
  open: 'Open',
  sold_out: 'Sold out',
  ended: 'Ended',
};

export const stateWords = (state: string): string => STATES[state] ?? state;

/** When the sale starts or ends, and in how long: `opens 12:00:00, in 3 s`. */
export function windowWords({ state, starts_at, ends_at }: Coupon, nowMs: number): string {
  const [startMs, endMs] = [Date.parse(starts_at ?? ''), Date.parse(ends_at ?? '')];
  if (state === 'scheduled') return `opens ${timeWords(startMs, nowMs)}, ${inWords(startMs - nowMs)}`;
  if (state === 'ended') return `ended ${timeWords(endMs, nowMs)}`;
  if (ends_at) return `ends ${timeWords(endMs, nowMs)}, ${inWords(endMs - nowMs)}`;
  return 'no end';
}

const inWords = (ms: number) => (ms > 0 ? `in ${spanWords(ms)}` : 'any moment');

/** How much of the stock is left, from 0 to 1. */
export const shareLeft = ({ amount, remaining_amount }: Coupon): number => remaining_amount / amount;
