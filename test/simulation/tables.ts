import type { Asked } from './asked.js';
import type { Execution } from './execution.js';
import type { Session } from './session.js';

/** A row of `claims`. */
export interface Row {
  user: string;
  key: string | null;
  /** Grows in the order in which rows are inserted. */
  number: number;
  /** The request and the statement that made it; undefined if it was made by hand. */
  asked?: Asked | undefined;
  execution?: Execution;
  /** The number of its commit. */
  commit?: number;
}

/** A row of `coupons` with its claims. It never changes: a commit puts another one in its place. */
export interface Stock {
  /** Tells a coupon from a later one with the same name. */
  id: number;
  amount: number;
  remaining: number;
  rows: ReadonlyMap<string, Row>;
}

/** What a commit left of a coupon. */
export interface Version {
  /** The number of the commit. */
  commit: number;
  stock: Stock | undefined;
  /** The session of the claim statement; undefined if it was changed by hand. */
  by: Session | undefined;
}

/** A coupon with its past and its locks. */
export class Coupon {
  readonly versions: Version[] = [];
  holder: Transaction | undefined;
  readonly waiting: { transaction: Transaction; endWait: () => void; then: () => void }[] = [];
  /** Users whose row is inserted, but not committed. */
  readonly inserting = new Map<string, Transaction>();
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  get stock(): Stock | undefined {
    return this.versions.at(-1)?.stock;
  }

  /** Whether it was like this at some moment since the given commit. */
  was(since: number, matches: (stock: Stock | undefined) => boolean): boolean {
    for (let i = this.versions.length - 1; i >= 0; i--) {
      const version = this.versions[i] as Version;
      if (matches(version.stock)) return true;
      if (version.commit <= since) return false;
    }
    return matches(undefined);
  }
}

export class Transaction {
  /** The session of a claim statement; undefined if it is run by hand. */
  readonly by: Session | undefined;
  isOver = false;
  readonly locks: Coupon[] = [];
  readonly inserted: { coupon: Coupon; user: string }[] = [];
  readonly changes: { coupon: Coupon; stock: Stock | undefined }[] = [];
  /** Called when it has been committed or rolled back. */
  readonly onEnd: (() => void)[] = [];
  /** The transaction that it waits for. */
  waitsFor: (() => Transaction | undefined) | undefined;

  constructor(by?: Session) {
    this.by = by;
  }
}
