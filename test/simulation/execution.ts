import type { Asked, Batch } from './asked.js';
import type { Timer } from './clock.js';
import { breaksConstraint, decide, type Wanted } from './decide.js';
import { ERRORS } from './failures.js';
import type { Flaw } from './flaws.js';
import { LIMITS, type Phase } from './plan.js';
import { jitter } from './random.js';
import type { Session } from './session.js';
import { type Coupon, type Row, type Stock, Transaction } from './tables.js';

/** A claim statement in PostgreSQL, from its arrival to its end. */
export class Execution {
  readonly session: Session;
  readonly batch: Batch;
  /** The n-th statement of its lane. */
  readonly number: number;
  /** The last commit that its snapshot shows. */
  snapshotCommit = 0;
  isCommitted = false;
  /** Whether the lane has the answer. */
  isAnswered = false;
  readonly #wanted: readonly Wanted[];
  readonly #transaction: Transaction;
  readonly #answer: (letters: string) => void;
  readonly #fail: (error: Error) => void;
  readonly #seen = new Map<string, Stock | undefined>();
  readonly #locked = new Map<string, Stock>();
  #timeout: Timer | undefined;
  #next: Timer | undefined;
  readonly #rows: Row[] = [];
  #letters = '';

  constructor(
    session: Session,
    batch: Batch,
    number: number,
    wanted: readonly Wanted[],
    answer: (letters: string) => void,
    fail: (error: Error) => void,
  ) {
    this.session = session;
    this.batch = batch;
    this.number = number;
    this.#wanted = wanted;
    this.#transaction = new Transaction(session);
    this.#answer = answer;
    this.#fail = fail;
  }

  letterOf(asked: Asked): string | undefined {
    return this.#letters[this.batch.asked.indexOf(asked)];
  }

  begin(): void {
    const { clock, postgres } = this.session.world;
    const failure = clock.now < postgres.readOnlyUntil ? '25006' : this.session.failsNext;
    if (failure) {
      this.abort(failure);
      return;
    }
    this.snapshotCommit = postgres.commits;
    for (const { coupon } of this.#wanted) this.#seen.set(coupon, postgres.coupon(coupon).stock);
    this.#timeout = clock.afterQuietly(LIMITS.statementTimeoutMs, () => this.abort('57014'));
    this.#reached('begun');
    const names = [...this.#seen.keys()].filter((name) => (this.#seen.get(name)?.remaining ?? 0) > 0);
    if (this.session.world.flaw !== 'locks in the order of the requests') names.sort();
    this.#after(2, () => this.#lock(names.map((name) => postgres.coupon(name))));
  }

  /** Ends it with an ERROR, unless it is over. */
  abort(code: string): void {
    if (this.#transaction.isOver) return;
    this.vanish();
    this.session.failsNext = '';
    const { world } = this.session;
    const { server, lane } = this.batch;
    world.note?.(`${world.statementName(server.number, lane, this.number)} fails in PostgreSQL: ${code}`);
    this.session.answer(this, () => this.#fail(ERRORS[code] as Error));
    this.session.finish(this);
  }

  /** Ends it without an answer. */
  vanish(): void {
    this.session.world.postgres.rollBack(this.#transaction);
    this.session.world.clock.cancel(this.#timeout);
    this.session.world.clock.cancel(this.#next);
  }

  #lock([coupon, ...others]: Coupon[]): void {
    const { postgres } = this.session.world;
    if (!coupon) {
      this.#reached('locked');
      this.#after(3, () => this.#insert());
      return;
    }
    postgres.lock(
      coupon,
      this.#transaction,
      () => {
        this.#readAgain(coupon);
        this.#after(others.length > 0 ? 1 : 0, () => this.#lock(others));
      },
      (code) => this.abort(code),
    );
  }

  /** PostgreSQL reads the row again after the wait, and looks whether it still matches. */
  #readAgain(coupon: Coupon): void {
    const { stock } = coupon;
    const isSame = stock?.id === this.#seen.get(coupon.name)?.id;
    const flaw = this.session.world.flaw === 'trusts its snapshot for the stock';
    if (stock && isSame && (stock.remaining > 0 || flaw)) this.#locked.set(coupon.name, stock);
  }

  #insert(): void {
    const { postgres, flaw } = this.session.world;
    const { made, letters } = decide(
      this.#wanted,
      {
        seen: this.#seen,
        locked: this.#locked,
        holds: (coupon, user) => postgres.coupon(coupon).stock?.rows.has(user) ?? false,
      },
      flaw,
    );
    const others = made.map((i) => {
      const { coupon, user } = this.#wanted[i] as Wanted;
      return postgres.coupon(coupon).inserting.get(user);
    });
    const other = others.find((other) => other !== undefined);
    if (other) {
      postgres.await(
        other,
        this.#transaction,
        () => this.#insert(),
        (code) => this.abort(code),
      );
      return;
    }
    if (!isConstraintOff(flaw) && breaksConstraint(this.#wanted, made, this.#seen)) {
      this.abort('23514');
      return;
    }
    this.#letters = letters;
    this.#write(made);
    this.#reached('written');
    if (flaw === 'answers before the commit') this.session.answer(this, () => this.#answer(letters));
    this.#after(made.length > 0 ? 3 : 0, () => this.#commit());
  }

  #write(made: number[]): void {
    const { postgres, flaw } = this.session.world;
    for (const coupon of new Set(made.map((i) => (this.#wanted[i] as Wanted).coupon))) {
      const { stock, inserting } = postgres.coupon(coupon);
      if (!stock) continue;
      const rows = new Map(stock.rows);
      let count = 0;
      for (const i of made) {
        const { coupon: name, user, key } = this.#wanted[i] as Wanted;
        if (name !== coupon) continue;
        const row: Row = {
          user,
          key: flaw === 'stores no key' ? null : key,
          number: ++postgres.rowNumber,
          asked: this.batch.asked[i],
          execution: this,
        };
        this.#rows.push(row);
        rows.set(rows.has(user) ? `${user} again` : user, row);
        inserting.set(user, this.#transaction);
        this.#transaction.inserted.push({ coupon: postgres.coupon(coupon), user });
        count++;
      }
      this.#transaction.changes.push({
        coupon: postgres.coupon(coupon),
        stock: { ...stock, rows, remaining: stock.remaining - count },
      });
    }
  }

  #commit(): void {
    const { clock, postgres, invariants } = this.session.world;
    clock.cancel(this.#timeout);
    this.isCommitted = true;
    postgres.commit(this.#transaction);
    for (const row of this.#rows) {
      row.commit = postgres.commits;
      invariants.onMade(row);
    }
    this.#reached('committed');
    if (this.session.world.flaw !== 'answers before the commit')
      this.session.answer(this, () => this.#answer(this.#letters));
    this.session.finish(this);
  }

  #reached(phase: Phase): void {
    this.session.world.reached(this.batch.server.number, this.batch.lane, this.number, phase);
  }

  /** Goes on after up to `ms`, and more while PostgreSQL is slow. */
  #after(ms: number, then: () => void): void {
    const { clock, postgres, plan } = this.session.world;
    const delay = jitter(ms + 1, plan.jitter, this.number, this.batch.server.number, this.batch.lane, ms);
    this.#next = clock.afterQuietly(delay + postgres.extraMs, () => {
      if (!this.#transaction.isOver) then();
    });
  }
}

/** Most flaws would only show as errors, if the tables did not allow them. */
function isConstraintOff(flaw: Flaw | undefined): boolean {
  return flaw !== undefined && flaw !== 'gives what was restocked behind its snapshot';
}
