import { codeOf } from '../../src/claims/outcome.js';
import { isDatabaseUnavailable } from '../../src/database/errors.js';
import type { Asked } from './asked.js';
import type { ClaimEvent } from './plan.js';
import type { Server } from './server.js';
import type { World } from './world.js';

const EXPECTED_ERRORS = new Set(['Overloaded', 'OutcomeUnknown']);
const OUTCOMES = new Set(['claimed', 'replayed', 'already_claimed', 'out_of_stock', 'coupon_not_found']);

/** A client that claims a coupon: it asks, may disconnect, and tries again after a failure. */
export class Customer {
  readonly #world: World;
  readonly #servers: readonly Server[];
  readonly #event: ClaimEvent;
  #attempts = 0;
  #asked: Asked | undefined;

  constructor(world: World, servers: readonly Server[], event: ClaimEvent) {
    this.#world = world;
    this.#servers = servers;
    this.#event = event;
  }

  ask(): void {
    const { user, coupon, key, leaveMs, forgetsKey } = this.#event;
    const { clock, invariants, postgres } = this.#world;
    const server = this.#servers[(this.#event.server - 1 + this.#attempts) % this.#servers.length] as Server;
    const asked: Asked = {
      number: invariants.requests.length + 1,
      user,
      coupon,
      key: forgetsKey && this.#attempts > 0 ? undefined : key,
      server,
      at: clock.now,
      sinceCommit: postgres.commits,
      caller: { destroyed: false },
      foundNoRoom: false,
      batches: [],
    };
    this.#attempts++;
    this.#asked = asked;
    this.#world.note?.(
      `request ${asked.number}: ${user} claims ${coupon} at ${server.name}` +
        (asked.key === undefined ? '' : `, with the key ${asked.key}`),
    );
    invariants.onAsked(asked);
    server.ask(asked).then(
      (outcome) => this.#hear(asked, codeOf(outcome)),
      (error: NodeJS.ErrnoException) => {
        const told = error.code ?? error.constructor.name;
        if (!EXPECTED_ERRORS.has(told) && !isDatabaseUnavailable(error)) {
          invariants.violate('no defect', `request ${asked.number} fails: ${told}`);
        }
        this.#hear(asked, told);
      },
    );
    if (leaveMs !== undefined) clock.after(leaveMs, () => this.#leave(asked));
  }

  /** The server of the request was killed. */
  onKilled(server: Server): void {
    if (this.#asked?.server === server && this.#asked.told === undefined) this.#retry(this.#asked);
  }

  #hear(asked: Asked, told: string): void {
    this.#world.note?.(`request ${asked.number} is told ${told}${asked.caller.destroyed ? ', unheard' : ''}`);
    this.#world.invariants.onTold(asked, told);
    if (OUTCOMES.has(told)) return;
    if (this.#world.isCalm) {
      this.#world.invariants.violate('answered in time', `nothing breaks, and request ${asked.number} fails`);
    }
    this.#retry(asked);
  }

  #leave(asked: Asked): void {
    if (asked.told !== undefined || asked.server.isDead) return;
    this.#world.note?.(`the client of request ${asked.number} disconnects`);
    asked.caller.destroyed = true;
    this.#retry(asked);
  }

  #retry(asked: Asked): void {
    if (this.#asked !== asked || this.#attempts > this.#event.retries) return;
    this.#asked = undefined;
    this.#world.clock.after(this.#event.retryMs, () => this.ask());
  }
}
