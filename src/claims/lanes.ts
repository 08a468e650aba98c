import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOutcomeUnknown } from '../database/errors.js';
import { Overloaded } from '../overloaded.js';
import { hashOf } from '../shards/hash.js';
import type { Shape } from '../shards/shape.js';
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
  /**
   * Decides a batch of a lane (0, 1, …). Batches of a lane end in their order. Each shard has as many lanes as
   * the others: first come those of shard 0, then those of shard 1.
   */
  run: ((requests: readonly ClaimRequest[]) => Promise<Decided<ClaimOutcome>>)[];
  batchSizeMax: number;
  /** One shard, unless given. */
  shape?: Shape;
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
  readonly #shape: Shape;
  readonly #lanesPerShard: number;
  readonly #waitingMax: number;
  /** Claims that may wait in one lane. */
  readonly waitingMaxOfLane: number;
  readonly #stopExpiry: () => void;
  /** Random, so that no other process ever makes the same keys. */
  readonly #keyPrefix = `${randomBytes(9).toString('base64url')}.`;
  #keys = 0;

  constructor({
    run,
    shape = { shards: 1, databases: 1 },
    waitingMax,
    onBatch,
    time = SYSTEM_TIME,
    ...limits
  }: LanesOptions) {
    this.#shape = shape;
    this.#lanesPerShard = run.length / shape.shards;
    this.#waitingMax = waitingMax;
    // At most half of all: a coupon that everybody wants leaves room for the others. Of several databases,
    // each has an equal part: one that hangs leaves room for the others.
    this.waitingMaxOfLane = Math.ceil(waitingMax / Math.max(Math.min(run.length, 2), shape.databases));
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
    const lane = this.#laneOf(couponName);
    if (this.isFull() || this.#isDatabaseFull(lane)) return Promise.reject(FULL);
    const request = {
      couponName,
      userId,
      key: key ?? this.#keyPrefix + (++this.#keys).toString(36),
      isKeyGiven: key !== undefined,
      caller,
    };
    return this.#lanes[lane]!.submit(request, caller);
  }

  close(): void {
    this.#stopExpiry();
  }

  #laneOf(couponName: string): number {
    const hash = hashOf(couponName);
    const { shards } = this.#shape;
    // The rest of the division chooses the shard, so the quotient chooses the lane within it.
    return (hash % shards) * this.#lanesPerShard + (Math.floor(hash / shards) % this.#lanesPerShard);
  }

  /** Whether as many claims wait for the database of this lane as may. */
  #isDatabaseFull(lane: number): boolean {
    const { databases } = this.#shape;
    if (databases === 1) return false;
    const databaseOf = (lane: number) => Math.floor(lane / this.#lanesPerShard) % databases;
    let waiting = 0;
    for (const [other, { waiting: count }] of this.#lanes.entries()) {
      if (databaseOf(other) === databaseOf(lane)) waiting += count;
    }
    return waiting >= Math.ceil(this.#waitingMax / databases);
  }
}
