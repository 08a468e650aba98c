import type { Asked } from './asked.js';
import { findOvertaking, ORDER_EXCEPTIONS } from './order.js';
import { EXPIRY_INTERVAL_MS, LIMITS } from './plan.js';
import type { Coupon, Row, Transaction } from './tables.js';
import { findLie } from './truth.js';
import type { World } from './world.js';

export type Promised =
  | 'books'
  | 'one claim per user'
  | 'no deadlock'
  | 'no defect'
  | 'the truth'
  | 'first come, first served'
  | 'decided once'
  | 'bounds of a lane'
  | 'answered in time';

export interface Violation {
  promise: Promised | Exception;
  text: string;
}

/** What src/claims/README.md says may happen all the same. */
export const EXCEPTIONS = [...ORDER_EXCEPTIONS, 'claimed late'] as const;
export type Exception = (typeof EXCEPTIONS)[number];

/** No request waits longer, whatever happens: for its turn, its outcome, and the next look at the time. */
const ANSWER_MS_MAX = LIMITS.waitMsMax + LIMITS.unknownMsMax + EXPIRY_INTERVAL_MS;
const STEPS_MAX = 20_000;

/** Looks after every step whether the promises hold. */
export class Invariants {
  /** The first promise that was broken. */
  violation: Violation | undefined;
  /** The known exceptions that occurred. */
  readonly exceptions = new Map<Exception, number>();
  answerMsMax = 0;
  readonly requests: Asked[] = [];
  readonly #world: World;
  readonly #forbidden: Exception | undefined;
  /** Requests for each coupon. */
  readonly #byCoupon = new Map<string, Asked[]>();
  /** The first request that may be open. */
  #oldest = 0;

  /** @param forbidden a known exception that counts as a violation. */
  constructor(world: World, forbidden: Exception | undefined) {
    this.#world = world;
    this.#forbidden = forbidden;
  }

  violate(promise: Promised | Exception, text: string): void {
    this.violation ??= { promise, text };
  }

  onAsked(asked: Asked): void {
    this.requests.push(asked);
    const others = this.#byCoupon.get(asked.coupon);
    if (others) others.push(asked);
    else this.#byCoupon.set(asked.coupon, [asked]);
  }

  onTold(asked: Asked, told: string): void {
    if (asked.told !== undefined) {
      this.violate('decided once', `request ${asked.number} was told ${asked.told}, and then ${told}`);
    }
    asked.told = told;
    this.answerMsMax = Math.max(this.answerMsMax, this.#world.clock.now - asked.at);
    const name = `request ${asked.number} was told ${told}`;
    if (asked.outcome !== undefined && asked.outcome !== told) {
      this.violate('decided once', `${name}, and its outcome was ${asked.outcome}`);
    }
    const lie = findLie(asked, this.#world.postgres.coupon(asked.coupon), this.#world.clock.now);
    if (lie) this.violate('the truth', `${name}, but ${lie}`);
    const later = this.#byCoupon
      .get(asked.coupon)
      ?.filter(({ number, server }) => number > asked.number && server === asked.server);
    const overtaking = later && findOvertaking(this.#world, asked, later);
    if (overtaking?.exception) this.#except(overtaking.exception, overtaking.text);
    else if (overtaking) this.violate('first come, first served', overtaking.text);
  }

  /** A claim statement has committed a row. */
  onMade(row: Row): void {
    const { asked, execution } = row;
    if (!asked || !execution) return;
    asked.made ??= row;
    const told = asked.told ?? asked.outcome;
    if (told === undefined || told === 'OutcomeUnknown') return;
    const isLate = execution.session.isAbandoned && asked.outcome !== undefined;
    const text = `request ${asked.number} was told ${told}, and made a claim afterwards`;
    if (isLate) this.#except('claimed late', text);
    else this.violate('decided once', text);
  }

  onCommit({ name, stock }: Coupon): void {
    if (!stock) return;
    const users = new Set(Array.from(stock.rows.values(), ({ user }) => user));
    const { amount, remaining, rows } = stock;
    if (users.size < rows.size) this.violate('one claim per user', `somebody holds ${name} twice`);
    if (rows.size > amount) this.violate('books', `${name}: ${rows.size} claims for ${amount} units`);
    if (remaining < 0 || amount - remaining !== rows.size) {
      this.violate('books', `${name}: ${amount} units, ${remaining} left, ${rows.size} claims`);
    }
  }

  onDeadlock(transaction: Transaction): void {
    let isOurs = transaction.by !== undefined;
    for (let next = transaction.waitsFor?.(); next && next !== transaction; next = next.waitsFor?.()) {
      isOurs &&= next.by !== undefined;
    }
    if (isOurs) this.violate('no deadlock', 'claim statements wait for each other');
  }

  /** @returns whether the history goes on. */
  afterStep(): boolean {
    const { requests } = this;
    for (let oldest = requests[this.#oldest]; oldest && !isOpen(oldest); ) {
      oldest = requests[++this.#oldest];
    }
    const oldest = requests[this.#oldest];
    if (oldest && this.#world.clock.now - oldest.at > ANSWER_MS_MAX) {
      this.violate('answered in time', `request ${oldest.number} waits for ${ANSWER_MS_MAX} ms`);
    }
    if (this.#world.clock.step > STEPS_MAX) this.violate('answered in time', 'the history does not end');
    return this.violation === undefined;
  }

  /** Nothing happens any more: every request must have its answer. */
  atEnd(): void {
    for (const asked of this.requests) {
      if (isOpen(asked)) this.violate('answered in time', `request ${asked.number} never gets an answer`);
    }
  }

  #except(exception: Exception, text: string): void {
    if (exception === this.#forbidden) this.violate(exception, text);
    this.exceptions.set(exception, (this.exceptions.get(exception) ?? 0) + 1);
  }
}

function isOpen({ told, caller, server }: Asked): boolean {
  return told === undefined && !caller.destroyed && !server.isDead;
}
