import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOutcomeUnknown } from '../database/errors.js';
import { type Caller, Lane, Overloaded } from './lane.js';
import type { ClaimOutcome, ClaimRequest } from './outcome.js';

/** Decides claims, one at a time as far as its users can see. */
export interface Claimer {
  /**
   * Claims a coupon for a user.
   * @param key names the request; one that is sent again with the same key has the same answer.
   * @param caller who waits for the answer.
   * @throws Overloaded, OutcomeUnknown, or an error of the database; but for the second, nothing was changed.
   */
  claim(couponName: string, userId: string, key: string | undefined, caller: Caller): Promise<ClaimOutcome>;
}

export interface ClaimEngineOptions {
  /** Decides claims in one statement, on the connection of a lane (0, 1, …); see decideClaims. */
  decide: (requests: readonly ClaimRequest[], lane: number) => Promise<readonly (ClaimOutcome | undefined)[]>;
  /** How many statements run at the same time. */
  lanes: number;
  batchSizeMax: number;
  waitingMax: number;
  waitMsMax: number;
  unknownMsMax: number;
}

const EXPIRY_INTERVAL_MS = 100;
/** A statement by itself costs PostgreSQL about as much as this many claims in it: fewer are not sent ahead. */
const AHEAD_SIZE_MIN = 16;

/** Claims coupons. A coupon keeps to its lane, so that within a coupon the first who comes is the first served. */
export class ClaimEngine implements Claimer {
  readonly #lanes: Lane<ClaimRequest, ClaimOutcome>[];
  readonly #waitingMax: number;
  readonly #expiry: NodeJS.Timeout;
  // Unlike those of any other process, at any time.
  readonly #keyPrefix = `${randomBytes(9).toString('base64url')}.`;
  #keys = 0;

  constructor({ decide, lanes, waitingMax, ...limits }: ClaimEngineOptions) {
    this.#waitingMax = waitingMax;
    this.#lanes = Array.from(
      { length: lanes },
      (_, lane) =>
        new Lane({
          run: (requests) => decide(requests, lane),
          isOutcomeUnknown,
          schedule: setImmediate,
          pause: sleep,
          now: Date.now,
          // Half of all at the most: a coupon that everybody wants leaves room for the others.
          waitingMax: Math.ceil(waitingMax / Math.min(lanes, 2)),
          aheadSizeMin: AHEAD_SIZE_MIN,
          ...limits,
        }),
    );
    this.#expiry = setInterval(() => {
      for (const lane of this.#lanes) lane.expire();
    }, EXPIRY_INTERVAL_MS).unref();
  }

  claim(couponName: string, userId: string, key: string | undefined, caller: Caller): Promise<ClaimOutcome> {
    let waiting = 0;
    for (const lane of this.#lanes) waiting += lane.waiting;
    if (waiting >= this.#waitingMax) return Promise.reject(new Overloaded('too many claims wait'));
    const request = {
      couponName,
      userId,
      key: key ?? this.#keyPrefix + (++this.#keys).toString(36),
      isKeyGiven: key !== undefined,
    };
    return (this.#lanes[hash(couponName) % this.#lanes.length] as Lane<ClaimRequest, ClaimOutcome>).submit(
      request,
      caller,
    );
  }

  close(): void {
    clearInterval(this.#expiry);
  }
}

/** FNV-1a. */
function hash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
