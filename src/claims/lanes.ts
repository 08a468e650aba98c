import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOutcomeUnknown } from '../database/errors.js';
import { hashOf } from '../shards/hash.js';
import type { Shape } from '../shards/shape.js';
import { type Claims, type NewClaim, Undecided } from './claims.js';
import { type BatchReport, type Decided, FULL, Lane, type LaneOptions } from './lane.js';
import type { ClaimOutcome, ClaimRequest } from './outcome.js';
import type { Caller } from './waiting-requests.js';

type ClaimLane = Lane<ClaimRequest, ClaimOutcome>;
type ClaimLaneOptions = LaneOptions<ClaimRequest, ClaimOutcome>;

/** Time, as lanes know it. */
export interface Time extends Pick<ClaimLaneOptions, 'now' | 'schedule' | 'pause'> {
  /** Calls back again and again. Returns how to stop it. */
  every: (ms: number, callback: () => void) => () => void;
}

export interface LanesOptions {
  /**
   * Decides a batch of a lane (0, 1, …). Batches of a lane end in their order. Each shard has as many lanes
   * as the others: first come those of shard 0, then those of shard 1.
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
  readonly #lanes: ClaimLane[];
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
    return this.#room() <= 0;
  }

  claimCoupon(
    couponName: string,
    userId: string,
    key: string | undefined,
    caller: Caller,
  ): Promise<ClaimOutcome> {
    const lane = this.#laneOf(couponName);
    if (this.#roomOf(lane) <= 0) return Promise.reject(FULL);
    const request = this.#requestOf({ couponName, userId, key }, caller);
    return new Promise((decide, fail) => this.#lanes[lane]!.submit([request], caller, decide, fail));
  }

  claimCoupons(claims: readonly NewClaim[], caller: Caller): Promise<(ClaimOutcome | Undecided)[]> {
    return new Promise((resolve) => {
      const outcomes = new Array<ClaimOutcome | Undecided>(claims.length);
      let unsettled = claims.length;
      const settle = (place: number, outcome: ClaimOutcome | Undecided) => {
        outcomes[place] = outcome;
        if (--unsettled === 0) resolve(outcomes);
      };
      for (const [lane, places] of this.#placesByLane(claims)) {
        const requests = places.map((place) => this.#requestOf(claims[place]!, caller));
        const decide = (outcome: ClaimOutcome, index: number) => settle(places[index]!, outcome);
        const fail = (error: unknown, index: number) =>
          settle(places[index]!, new Undecided(error, requests[index]!.key));
        const room = Math.max(0, this.#roomOf(lane));
        this.#lanes[lane]!.submit(requests.slice(0, room), caller, decide, fail);
        for (let index = room; index < requests.length; index++) fail(FULL, index);
      }
    });
  }

  close(): void {
    this.#stopExpiry();
  }

  #requestOf({ couponName, userId, key }: NewClaim, caller: Caller): ClaimRequest {
    return {
      couponName,
      userId,
      key: key ?? this.#keyPrefix + (++this.#keys).toString(36),
      isKeyGiven: key !== undefined,
      caller,
    };
  }

  /** Where the claims of each lane stand in the list. */
  #placesByLane(claims: readonly NewClaim[]): Map<number, number[]> {
    const places = new Map<number, number[]>();
    for (const [place, { couponName }] of claims.entries()) {
      const lane = this.#laneOf(couponName);
      const found = places.get(lane);
      if (found) found.push(place);
      else places.set(lane, [place]);
    }
    return places;
  }

  #laneOf(couponName: string): number {
    const hash = hashOf(couponName);
    const { shards } = this.#shape;
    // The rest of the division chooses the shard, so the quotient chooses the lane within it.
    return (hash % shards) * this.#lanesPerShard + (Math.floor(hash / shards) % this.#lanesPerShard);
  }

  /** How many more claims may wait. */
  #room(): number {
    let waiting = 0;
    for (const lane of this.#lanes) waiting += lane.waiting;
    return this.#waitingMax - waiting;
  }

  /** How many more claims may wait, as far as this lane is concerned: each database has an equal part. */
  #roomOf(lane: number): number {
    const { databases } = this.#shape;
    if (databases === 1) return this.#room();
    const databaseOf = (lane: number) => Math.floor(lane / this.#lanesPerShard) % databases;
    let waiting = 0;
    for (const [other, { waiting: count }] of this.#lanes.entries()) {
      if (databaseOf(other) === databaseOf(lane)) waiting += count;
    }
    return Math.min(this.#room(), Math.ceil(this.#waitingMax / databases) - waiting);
  }
}
