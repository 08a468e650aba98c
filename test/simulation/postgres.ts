import type { Clock } from './clock.js';
import { LIMITS } from './plan.js';
import { jitter } from './random.js';
import { Coupon, type Stock, type Transaction } from './tables.js';

const DEADLOCK_TIMEOUT_MS = 100;

/** As much of PostgreSQL, at READ COMMITTED, as claims touch: two tables, locks and transactions. */
export class Postgres {
  readonly coupons = new Map<string, Coupon>();
  /** The number of the last commit. */
  commits = 0;
  rowNumber = 0;
  /** Until when the database is slow, read-only, or refuses connections. */
  slowUntil = 0;
  slowMs = 0;
  readOnlyUntil = 0;
  refusesUntil = 0;
  refusal = '';
  #stocks = 0;
  readonly #clock: Clock;
  readonly #jitter: number;
  readonly #onCommit: (coupon: Coupon) => void;
  readonly #onDeadlock: (transaction: Transaction) => void;

  constructor(
    clock: Clock,
    jitterSeed: number,
    onCommit: (coupon: Coupon) => void,
    onDeadlock: (transaction: Transaction) => void,
  ) {
    this.#clock = clock;
    this.#jitter = jitterSeed;
    this.#onCommit = onCommit;
    this.#onDeadlock = onDeadlock;
  }

  coupon(name: string): Coupon {
    const known = this.coupons.get(name);
    if (known) return known;
    const coupon = new Coupon(name);
    this.coupons.set(name, coupon);
    return coupon;
  }

  get extraMs(): number {
    return this.#clock.now < this.slowUntil ? this.slowMs : 0;
  }

  newStock(amount: number): Stock {
    return { id: ++this.#stocks, amount, remaining: amount, rows: new Map() };
  }

  create(name: string, amount: number): void {
    this.coupon(name).versions.push({ commit: ++this.commits, stock: this.newStock(amount), by: undefined });
  }

  /** Calls `then` as soon as the transaction holds the lock, or `fail` if that takes too long. */
  lock(coupon: Coupon, transaction: Transaction, then: () => void, fail: (code: string) => void): void {
    if (!coupon.holder) {
      coupon.holder = transaction;
      transaction.locks.push(coupon);
    }
    if (coupon.holder === transaction) {
      then();
      return;
    }
    transaction.waitsFor = () => coupon.holder;
    const endWait = this.#boundWait(transaction, fail);
    coupon.waiting.push({ transaction, endWait, then });
  }

  /** Calls `then` when the other transaction is over, or `fail` if that takes too long. */
  await(other: Transaction, transaction: Transaction, then: () => void, fail: (code: string) => void): void {
    transaction.waitsFor = () => other;
    const endWait = this.#boundWait(transaction, fail);
    other.onEnd.push(() => {
      endWait();
      if (!transaction.isOver) then();
    });
  }

  /** @returns how to end the wait. */
  #boundWait(transaction: Transaction, fail: (code: string) => void): () => void {
    const deadlock = this.#clock.afterQuietly(DEADLOCK_TIMEOUT_MS, () => {
      if (!isDeadlocked(transaction)) return;
      this.#onDeadlock(transaction);
      fail('40P01');
    });
    const timeout = this.#clock.afterQuietly(LIMITS.lockTimeoutMs, () => fail('55P03'));
    const endWait = () => {
      transaction.waitsFor = undefined;
      this.#clock.cancel(deadlock);
      this.#clock.cancel(timeout);
    };
    transaction.onEnd.push(endWait);
    return endWait;
  }

  commit(transaction: Transaction): void {
    if (transaction.changes.length > 0) this.commits++;
    for (const { coupon, stock } of transaction.changes) {
      coupon.versions.push({ commit: this.commits, stock, by: transaction.by });
      this.#onCommit(coupon);
    }
    this.#end(transaction);
  }

  rollBack(transaction: Transaction): void {
    this.#end(transaction);
  }

  #end(transaction: Transaction): void {
    if (transaction.isOver) return;
    transaction.isOver = true;
    for (const { coupon, user } of transaction.inserted) coupon.inserting.delete(user);
    for (const end of transaction.onEnd) end();
    for (const coupon of transaction.locks) this.#unlock(coupon);
  }

  #unlock(coupon: Coupon): void {
    coupon.holder = undefined;
    const waiting = coupon.waiting.filter(({ transaction }) => !transaction.isOver);
    coupon.waiting.length = 0;
    if (waiting.length === 0) return;
    const [next] = waiting.splice(jitter(waiting.length, this.#jitter, this.#clock.step), 1);
    coupon.waiting.push(...waiting);
    if (!next) return;
    coupon.holder = next.transaction;
    next.transaction.locks.push(coupon);
    next.endWait();
    this.#clock.afterQuietly(0, () => {
      if (!next.transaction.isOver) next.then();
    });
  }
}

function isDeadlocked(transaction: Transaction): boolean {
  const seen = new Set<Transaction>();
  for (let next = transaction.waitsFor?.(); next && !seen.has(next); next = next.waitsFor?.()) {
    if (next === transaction) return true;
    seen.add(next);
  }
  return false;
}
