import { Undecided } from '../../src/claims/claims.js';
import { type ClaimOutcome, codeOf } from '../../src/claims/outcome.js';
import { isDatabaseUnavailable } from '../../src/database/errors.js';
import type { Asked } from './asked.js';
import type { ClaimEvent, Wish } from './plan.js';
import type { Server } from './server.js';
import type { World } from './world.js';

const EXPECTED_ERRORS = new Set(['Overloaded', 'OutcomeUnknown']);
const OUTCOMES = new Set(['claimed', 'replayed', 'already_claimed', 'out_of_stock', 'coupon_not_found']);

/** A client that claims one coupon or many: it asks, may disconnect, and tries again after a failure. */
export class Customer {
  readonly #world: World;
  readonly #servers: readonly Server[];
  readonly #event: ClaimEvent;
  #attempts = 0;
  /** What it wants and has not got an outcome for. */
  #wishes: Wish[];
  /** The request that it waits for. */
  #asked: Asked[] = [];

  constructor(world: World, servers: readonly Server[], event: ClaimEvent) {
    this.#world = world;
    this.#servers = servers;
    this.#event = event;
    this.#wishes = [event, ...(event.more ?? [])];
  }

  ask(): void {
    const { leaveMs, forgetsKey, more } = this.#event;
    const { clock, invariants, postgres } = this.#world;
    const server = this.#servers[(this.#event.server - 1 + this.#attempts) % this.#servers.length] as Server;
    const caller = { destroyed: false };
    const asked = this.#wishes.map(({ user, coupon, key }, i): Asked => {
      return {
        number: invariants.requests.length + 1 + i,
        user,
        coupon,
        key: forgetsKey && this.#attempts > 0 ? undefined : key,
        server,
        at: clock.now,
        sinceCommit: postgres.commits,
        caller,
        foundNoRoom: false,
        batches: [],
      };
    });
    this.#attempts++;
    this.#asked = asked;
    for (const claim of asked) this.#noteAsked(claim);
    for (const claim of asked) invariants.onAsked(claim);
    if (more) void server.askMany(asked).then((outcomes) => this.#hearAll(asked, outcomes));
    else this.#askOne(server, asked);
    if (leaveMs !== undefined) clock.after(leaveMs, () => this.#leave(asked));
  }

  #askOne(server: Server, asked: Asked[]): void {
    server.ask(asked[0] as Asked).then(
      (outcome) => this.#hearAll(asked, [outcome]),
      (error) => this.#hearAll(asked, [new Undecided(error, '')]),
    );
  }

  /** The server of the request was killed. */
  onKilled(server: Server): void {
    if (this.#asked.some((claim) => claim.server === server && claim.told === undefined)) {
      this.#retry(this.#asked);
    }
  }

  #hearAll(asked: Asked[], outcomes: readonly (ClaimOutcome | Undecided)[]): void {
    if (outcomes.length !== asked.length) {
      this.#world.invariants.violate('no defect', `${outcomes.length} outcomes for ${asked.length} claims`);
    }
    for (const [i, claim] of asked.entries()) {
      const outcome = outcomes[i];
      if (outcome)
        this.#hear(claim, outcome instanceof Undecided ? this.#nameOf(claim, outcome) : codeOf(outcome));
    }
    if (asked.every(({ told = '' }) => OUTCOMES.has(told))) return;
    if (this.#world.isCalm) {
      const { number } = asked[0] as Asked;
      this.#world.invariants.violate('answered in time', `nothing breaks, and request ${number} fails`);
    }
    this.#retry(asked);
  }

  #nameOf({ number }: Asked, { error }: Undecided): string {
    const failure = error as NodeJS.ErrnoException;
    const name = failure.code ?? failure.constructor.name;
    if (!EXPECTED_ERRORS.has(name) && !isDatabaseUnavailable(error)) {
      this.#world.invariants.violate('no defect', `request ${number} fails: ${name}`);
    }
    return name;
  }

  #hear(asked: Asked, told: string): void {
    this.#world.note?.(`request ${asked.number} is told ${told}${asked.caller.destroyed ? ', unheard' : ''}`);
    this.#world.invariants.onTold(asked, told);
  }

  #leave(asked: Asked[]): void {
    const [first] = asked;
    if (!first || first.told !== undefined || first.server.isDead) return;
    this.#world.note?.(`the client of request ${first.number} disconnects`);
    first.caller.destroyed = true;
    this.#retry(asked);
  }

  /** Asks again for what has no outcome. Of a request that was cut, that is all of it. */
  #retry(asked: Asked[]): void {
    if (this.#asked !== asked || this.#attempts > this.#event.retries) return;
    this.#asked = [];
    this.#wishes = this.#wishes.filter((_, i) => !OUTCOMES.has(asked[i]?.told ?? ''));
    this.#world.clock.after(this.#event.retryMs, () => this.ask());
  }

  #noteAsked({ number, user, coupon, key, server }: Asked): void {
    this.#world.note?.(
      `request ${number}: ${user} claims ${coupon} at ${server.name}` +
        (key === undefined ? '' : `, with the key ${key}`) +
        (this.#asked.length > 1 ? ', together with others' : ''),
    );
  }
}
