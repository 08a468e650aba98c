import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOutcomeUnknown } from '../database/errors.js';
import { Overloaded } from '../overloaded.js';
import { type BatchReport, type Caller, type Decided, Lane, type LaneOptions } from './lane.js';
import type { ClaimOutcome, ClaimRequest } from './outcome.js';

/** Claims coupons. A caller sees one claim; the batches are hidden. */
export interface Claims {
  /**
   * Claims a coupon for a user.
   * @param key names the request. If it made the claim, a retry with the same key is `replayed`.
   * @param caller the client that waits for the answer.
   * @throws Overloaded, OutcomeUnknown, or an error of the database. Nothing was changed, except
   *   perhaps with OutcomeUnknown.
   */
  claimCoupon(
    couponName: string,
    userId: string,
    key: string | undefined,
    caller: Caller,
  ): Promise<ClaimOutcome>;
}

type ClaimLaneOptions = LaneOptions<ClaimRequest, ClaimOutcome>;

/** Time, as lanes know it. */
export interface Time extends Pick<ClaimLaneOptions, 'now' | 'schedule' | 'pause'> {
  /** Calls back again and again. Returns how to stop it. */
  every: (ms: number, callback: () => void) => () => void;
}

export interface LanesOptions {
  /** Decides a batch of a lane (0, 1, …). Batches of a lane end in their order. */
  run: ((requests: readonly ClaimRequest[]) => Promise<Decided<ClaimOutcome>>)[];
  batchSizeMax: number;
  /** Claims that may wait, in all lanes together. */
  waitingMax: number;
  waitMsMax: number;
  unknownMsMax: number;
  onBatch?: ((lane: number, batch: BatchReport<ClaimOutcome>) => void) | undefined;
  /** The smallest batch that is sent ahead. */
  aheadSizeMin?: number;
  /** Another time than that of the system, for simulations. */
  time?: Time;
}

const EXPIRY_INTERVAL_MS = 100;
/** The fixed cost of a statement equals that of this many claims. Smaller batches are not sent ahead. */
const AHEAD_SIZE_MIN = 16;

/** One for all: an error of its own would cost an overloaded service as much as the rest of a refusal. */
const FULL = new Overloaded('too many claims are waiting');

const SYSTEM_TIME: Time = {
  now: () => performance.now(),
  schedule: setImmediate,
  pause: sleep,
  every(ms, callback) {
    const timer = setInterval(callback, ms).unref();
    return () => clearInterval(timer);
  },
};

/** Divides claims among lanes. A coupon keeps to its lane: first come, first served within a coupon. */
export class Lanes implements Claims {
  readonly #lanes: Lane<ClaimRequest, ClaimOutcome>[];
  readonly #waitingMax: number;
  /** Claims that may wait in one lane. */
  readonly waitingMaxOfLane: number;
  readonly #stopExpiry: () => void;
  /** Random, so that no other process ever makes the same keys. */
  readonly #keyPrefix = `${randomBytes(9).toString('base64url')}.`;
  #keys = 0;

  constructor({ run, waitingMax, onBatch, time = SYSTEM_TIME, ...limits }: LanesOptions) {
    this.#waitingMax = waitingMax;
    // At most half of all: a coupon that everybody wants leaves room for the others.
    this.waitingMaxOfLane = Math.ceil(waitingMax / Math.min(run.length, 2));
    const options: Omit<ClaimLaneOptions, 'run' | 'onBatch'> = {
      isOutcomeUnknown,
      ...time,
      aheadSizeMin: AHEAD_SIZE_MIN,
      waitingMax: this.waitingMaxOfLane,
      ...limits,
    };
    this.#lanes = run.map(
      (run, lane) => new Lane({ ...options, run, onBatch: onBatch && ((batch) => onBatch(lane, batch)) }),
    );
    this.#stopExpiry = time.every(EXPIRY_INTERVAL_MS, () => {
      for (const lane of this.#lanes) lane.expire();
    });
  }

  /** The claims that wait in each lane. */
  get waiting(): number[] {
    return this.#lanes.map((lane) => lane.waiting);
  }

  /** Whether as many claims wait as may. */
  isFull(): boolean {
    let waiting = 0;
    for (const lane of this.#lanes) waiting += lane.waiting;
    return waiting >= this.#waitingMax;
  }

  claimCoupon(
    couponName: string,
    userId: string,
    key: string | undefined,
    caller: Caller,
  ): Promise<ClaimOutcome> {
    if (this.isFull()) return Promise.reject(FULL);
    const request = {
      couponName,
      userId,
      key: key ?? this.#keyPrefix + (++this.#keys).toString(36),
      isKeyGiven: key !== undefined,
      caller,
    };
    return this.#laneOf(couponName).submit(request, caller);
  }

  close(): void {
    this.#stopExpiry();
  }

  #laneOf(couponName: string): Lane<ClaimRequest, ClaimOutcome> {
    return this.#lanes[hash(couponName) % this.#lanes.length] as Lane<ClaimRequest, ClaimOutcome>;
  }
}

/** FNV-1a (Fowler, Noll, Vo), over UTF-16 code units. */
function hash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
