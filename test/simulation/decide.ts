import type { Flaw } from './flaws.js';
import type { Stock } from './tables.js';

/** A row of the statement's CTE `requests`. */
export interface Wanted {
  coupon: string;
  user: string;
  key: string;
}

export interface Tables {
  /** The coupons in the snapshot of the statement. */
  seen: ReadonlyMap<string, Stock | undefined>;
  /** The coupons that are locked, after the lock. */
  locked: ReadonlyMap<string, Stock>;
  /** Whether the user holds the coupon when the row would be inserted. */
  holds: (coupon: string, user: string) => boolean;
}

/**
 * What the claim statement does: the indexes of the requests that make a claim, in their order, and
 * the letters of the answer. A test holds it against the statement itself.
 */
export function decide(
  wanted: readonly Wanted[],
  tables: Tables,
  flaw?: Flaw,
): { made: number[]; letters: string } {
  const made: number[] = [];
  for (let i = 0; i < wanted.length; i++) if (makesClaim(wanted, i, tables, flaw)) made.push(i);
  let letters = '';
  for (const request of wanted) letters += letterOf(request, wanted, made, tables, flaw);
  return { made, letters };
}

/**
 * PostgreSQL first checks the constraint on the stock on the row in the snapshot, even if that row has
 * changed. Only then it reads the row again.
 */
export function breaksConstraint(
  wanted: readonly Wanted[],
  made: readonly number[],
  seen: ReadonlyMap<string, Stock | undefined>,
): boolean {
  const counts = new Map<string, number>();
  for (const i of made) {
    const { coupon } = wanted[i] as Wanted;
    const count = (counts.get(coupon) ?? 0) + 1;
    counts.set(coupon, count);
    if (count > (seen.get(coupon)?.remaining ?? 0)) return true;
  }
  return false;
}

function makesClaim(wanted: readonly Wanted[], i: number, tables: Tables, flaw?: Flaw): boolean {
  const { coupon, user } = wanted[i] as Wanted;
  const { locked, seen, holds } = tables;
  const stock = locked.get(coupon);
  if (!stock) return false;
  const seenUnits = seen.get(coupon)?.remaining ?? 0;
  let units = Math.min(stock.remaining, seenUnits);
  if (flaw === 'trusts its snapshot for the stock') units = seenUnits;
  if (flaw === 'gives what was restocked behind its snapshot') units = stock.remaining;
  const place = placeOf(wanted, i, units, tables, flaw);
  if (place === undefined || place > units + (flaw === 'oversells by one' ? 1 : 0)) return false;
  return flaw === 'claims twice' || (isFirstAttempt(wanted, i) && !holds(coupon, user));
}

/** The place in the CTE `queue`, from 1. */
function placeOf(
  wanted: readonly Wanted[],
  i: number,
  units: number,
  { seen }: Tables,
  flaw?: Flaw,
): number | undefined {
  const { coupon } = wanted[i] as Wanted;
  const rows = seen.get(coupon)?.rows;
  const isForAll = wanted.length <= units;
  let place = 0;
  for (let j = 0; j <= i; j++) {
    const other = wanted[j] as Wanted;
    if (other.coupon !== coupon) continue;
    const isHolder = rows?.has(other.user) && flaw !== 'gives holders a place';
    if (isForAll || flaw === 'claims twice' || (isFirstAttempt(wanted, j) && !isHolder)) place++;
    else if (j === i) return undefined;
  }
  return place;
}

function isFirstAttempt(wanted: readonly Wanted[], i: number): boolean {
  const { coupon, user } = wanted[i] as Wanted;
  for (let j = 0; j < i; j++) if (wanted[j]?.coupon === coupon && wanted[j]?.user === user) return false;
  return true;
}

function letterOf(
  { coupon, user, key }: Wanted,
  wanted: readonly Wanted[],
  made: readonly number[],
  { seen }: Tables,
  flaw?: Flaw,
): string {
  let isMadeByUser = false;
  for (const i of made) {
    const other = wanted[i] as Wanted;
    if (other.coupon !== coupon || other.user !== user) continue;
    if (other.key === key) return 'c';
    isMadeByUser = true;
  }
  if (isMadeByUser) return 'a';
  const stock = seen.get(coupon);
  const row = stock?.rows.get(user);
  if (row) return row.key === key ? 'r' : 'a';
  if (!stock) return 'n';
  return stock.remaining === 0 || flaw === 'takes a hidden claim for sold out' ? 's' : 'u';
}
