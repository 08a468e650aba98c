import type { Undecided } from '../../src/claims/claims.js';
import type { Decided, Lane } from '../../src/claims/lane.js';
import type { Lanes, Time } from '../../src/claims/lanes.js';
import { type ClaimOutcome, type ClaimRequest, codeOf } from '../../src/claims/outcome.js';
import type { Asked, Batch, ServerRun } from './asked.js';
import { ModelClient } from './client.js';
import type { Engine } from './engine.js';
import { LaneWatch } from './lane-watch.js';
import { EXPIRY_INTERVAL_MS, LIMITS } from './plan.js';
import type { World } from './world.js';

type ClaimLane = Lane<ClaimRequest, ClaimOutcome>;

/** A server process: the lanes of the engine, each over a modelled connection. */
export class Server implements ServerRun {
  readonly number: number;
  readonly name: string;
  isDead = false;
  readonly watches: LaneWatch[];
  readonly clients: ModelClient[];
  readonly #world: World;
  readonly #lanes: Lanes;
  /** The lanes that have got a request. */
  readonly #used = new Set<ClaimLane>();
  #expire: (() => void) | undefined;
  #isExpiring = false;

  constructor(world: World, { Lanes, OrderedConnection, claimCoupons }: Engine, number: number) {
    this.#world = world;
    this.number = number;
    this.name = `server ${number}`;
    const { plan } = world;
    this.clients = Array.from({ length: plan.lanes }, (_, i) => new ModelClient(world, this, i + 1));
    this.watches = this.clients.map(() => new LaneWatch(world));
    this.#lanes = new Lanes({
      run: this.clients.map((client, i) => {
        const connection = new OrderedConnection(client);
        return (requests) =>
          this.#run(i, requests, (batch) => {
            client.batch = batch;
            return connection.query((sql) => claimCoupons(sql, requests));
          });
      }),
      batchSizeMax: plan.batchSizeMax,
      aheadSizeMin: plan.aheadSizeMin,
      waitingMax: plan.waitingMax,
      waitMsMax: LIMITS.waitMsMax,
      unknownMsMax: LIMITS.unknownMsMax,
      time: this.#time(),
    });
  }

  ask(asked: Asked): Promise<ClaimOutcome> {
    return this.#submit([asked], () =>
      this.#lanes.claimCoupon(asked.coupon, asked.user, asked.key, asked.caller),
    );
  }

  /** Asks for many claims in one request. */
  askMany(asked: readonly Asked[]): Promise<(ClaimOutcome | Undecided)[]> {
    const claims = asked.map(({ coupon, user, key }) => ({ couponName: coupon, userId: user, key }));
    return this.#submit(asked, () => this.#lanes.claimCoupons(claims, (asked[0] as Asked).caller));
  }

  #submit<T>(asked: readonly Asked[], submit: () => T): T {
    const { waitingMax, lanes } = this.#world.plan;
    const laneMax = Math.ceil(waitingMax / Math.min(lanes, 2));
    const waiting = this.#waiting;
    submitted = { asked: [...asked], lanes: [], waiting: 0 };
    const outcome = submit();
    for (const claim of asked) {
      claim.foundNoRoom = waiting + asked.length > waitingMax || submitted.waiting + asked.length > laneMax;
    }
    for (const lane of submitted.lanes) this.#used.add(lane);
    if (this.#waiting > waitingMax || submitted.lanes.some((lane) => lane.waiting > laneMax)) {
      this.#world.invariants.violate('bounds of a lane', `${this.name} lets too many requests wait`);
    }
    this.#expireRegularly();
    return outcome;
  }

  /** Ends the process. PostgreSQL goes on with what it has. */
  kill(): void {
    this.isDead = true;
    for (const { session } of this.clients) if (session) session.isAbandoned = true;
  }

  async #run(
    lane: number,
    requests: readonly ClaimRequest[],
    query: (batch: Batch) => Promise<Decided<ClaimOutcome>>,
  ): Promise<Decided<ClaimOutcome>> {
    const watch = this.watches[lane] as LaneWatch;
    const batch: Batch = {
      server: this,
      lane: lane + 1,
      asked: requests.map((request) => (request as Tagged).asked as Asked),
      startStep: this.#world.clock.step,
      startedAt: this.#world.clock.now,
      undecided: new Set(),
    };
    this.#world.note?.(`${this.#world.laneName(this.number, lane + 1)} sends ${describe(batch.asked)}`);
    watch.start(batch);
    try {
      const decided = await query(batch);
      const { outcomes } = decided;
      this.#world.note?.(
        `${this.#world.laneName(this.number, lane + 1)} learns: ${batch.asked
          .map(({ number }, i) => `request ${number} ${outcomes[i] ?? 'must run again'}`)
          .join(', ')}`,
      );
      watch.succeed(
        batch,
        outcomes.map((outcome) => outcome && codeOf(outcome)),
      );
      return decided;
    } catch (error) {
      watch.fail(batch, error);
      throw error;
    }
  }

  get #waiting(): number {
    let waiting = 0;
    for (const lane of this.#used) waiting += lane.waiting;
    return waiting;
  }

  #time(): Time {
    const { clock } = this.#world;
    return {
      now: () => clock.now,
      schedule: (callback) => this.#after(0, callback),
      pause: (ms) => new Promise((resolve) => this.#after(ms, resolve)),
      every: (ms, callback) => {
        this.#expire = () => this.#after(ms, callback);
        return () => {};
      },
    };
  }

  /** As an interval, but it does not tick while no lane has anything to do: there would be no end. */
  #expireRegularly(): void {
    if (this.#isExpiring || (this.#waiting === 0 && !this.watches.some(({ isBusy }) => isBusy))) return;
    this.#isExpiring = true;
    this.#expire?.();
    // It is due right behind the timer above.
    this.#after(EXPIRY_INTERVAL_MS, () => {
      this.#isExpiring = false;
      this.#expireRegularly();
    });
  }

  #after(ms: number, run: () => void): void {
    this.#world.clock.after(ms, () => {
      if (!this.isDead) run();
    });
  }
}

function describe(asked: readonly Asked[]): string {
  return `request${asked.length === 1 ? '' : 's'} ${asked.map(({ number }) => number).join(', ')}`;
}

interface Tagged extends ClaimRequest {
  asked?: Asked | undefined;
}

/** What a server submits now: claims that no lane has got yet, and the lanes that got the others. */
let submitted: { asked: Asked[]; lanes: ClaimLane[]; waiting: number } | undefined;

/** Makes lanes of this class mark the requests that they get: a batch does not show whose they are. */
export function watchSubmissions(LaneClass: { prototype: ClaimLane }): void {
  const { submit } = LaneClass.prototype;
  LaneClass.prototype.submit = function (this: ClaimLane, requests: readonly Tagged[], ...rest) {
    if (submitted) {
      for (const request of requests) request.asked = takeAsked(submitted.asked, request);
      submitted.lanes.push(this);
      submitted.waiting = Math.max(submitted.waiting, this.waiting);
    }
    return submit.call(this, requests, ...rest);
  };
}

/** Claims of one user for one coupon keep their order. */
function takeAsked(asked: Asked[], { couponName, userId }: ClaimRequest): Asked | undefined {
  const place = asked.findIndex(({ coupon, user }) => coupon === couponName && user === userId);
  return asked.splice(place, 1)[0];
}
