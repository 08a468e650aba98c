import { isOutcomeUnknown } from '../../src/database/errors.js';
import type { Asked, Batch } from './asked.js';
import { LIMITS } from './plan.js';
import type { World } from './world.js';

const PAUSE_MIN_MS = 50;

/** What src/claims/README.md says of a lane, held against its batches as they start and end. */
export class LaneWatch {
  readonly #world: World;
  readonly #running: Batch[] = [];
  /** Requests that ran and must run again. */
  readonly #again = new Set<Asked>();
  #lastNumber = 0;
  #isCautious = false;
  #isDraining = false;
  #drainedAt = Number.NEGATIVE_INFINITY;

  constructor(world: World) {
    this.#world = world;
  }

  /** Whether a batch runs, or will. */
  get isBusy(): boolean {
    return this.#running.length > 0 || this.#mustRunAgain;
  }

  get #mustRunAgain(): boolean {
    return [...this.#again].some((request) => !request.caller.destroyed && !this.#mayBeDropped(request));
  }

  /** Whether a request that must run again has waited for so long that it need not. */
  #mayBeDropped(request: Asked): boolean {
    return request.unknownSince === undefined
      ? this.#world.clock.now - request.at >= LIMITS.waitMsMax
      : this.#mayBeGivenUp(request);
  }

  #mayBeGivenUp({ unknownSince = Infinity }: Asked): boolean {
    return this.#world.clock.now - unknownSince >= LIMITS.unknownMsMax;
  }

  start(batch: Batch): void {
    const { plan, clock } = this.#world;
    const { asked } = batch;
    const isAhead = this.#running.length > 0;
    if (asked.length === 0 || asked.length > plan.batchSizeMax) {
      this.#break(`a batch of ${asked.length} requests starts`);
    }
    if (this.#running.length > 1) this.#break('a third batch starts');
    if (isAhead && this.#isCautious) this.#break('a batch is sent ahead right after a failure');
    if (isAhead && this.#mustRunAgain) this.#break('a batch is sent ahead of requests that must run again');
    if (this.#running[0]?.asked.some((request) => request.unknownSince !== undefined)) {
      this.#break('a batch is sent ahead of a request whose outcome is unknown');
    }
    if (this.#isDraining) this.#break('a batch starts while the lane is draining');
    if (clock.now < this.#drainedAt + PAUSE_MIN_MS) this.#break('a batch starts during the pause');
    for (const request of asked) this.#startRequest(request, isAhead);
    for (const request of asked) request.batches.push(batch);
    for (const waiting of this.#again) {
      if (waiting.caller.destroyed) this.#again.delete(waiting);
      else if (this.#mayBeDropped(waiting)) continue;
      else if (asked.some((other) => other.number > waiting.number)) {
        this.#break(`request ${waiting.number} must run again, and a later request starts before it`);
      }
    }
    this.#running.push(batch);
  }

  #startRequest(request: Asked, isAhead: boolean): void {
    const { number } = request;
    const name = `request ${number}`;
    if (request.outcome ?? request.told) {
      this.#world.invariants.violate('decided once', `${name} is decided, and runs again`);
    }
    if (request.caller.destroyed) this.#break(`${name} starts after its client has disconnected`);
    if (request.batches.length > 0) {
      if (isAhead) this.#break(`${name} runs again behind another batch`);
      if (!this.#again.delete(request)) this.#break(`${name} runs again without a reason`);
    } else {
      if (number < this.#lastNumber) this.#break(`${name} starts after a later request`);
      this.#lastNumber = number;
      if (this.#world.clock.now - request.at >= LIMITS.waitMsMax) this.#break(`${name} starts too late`);
    }
  }

  succeed(batch: Batch, outcomes: readonly (string | undefined)[]): void {
    const { clock } = this.#world;
    if (!this.#isDraining) this.#isCautious = false;
    for (const [i, request] of batch.asked.entries()) {
      const outcome = outcomes[i];
      if (outcome !== undefined) {
        if (!this.#mayBeGivenUp(request)) request.outcome = outcome;
        continue;
      }
      batch.undecided.add(request);
      const hasTime = request.at > clock.now - LIMITS.waitMsMax;
      if (hasTime || request.unknownSince !== undefined) this.#again.add(request);
    }
    this.#end(batch);
  }

  fail(batch: Batch, error: unknown): void {
    this.#isCautious = true;
    for (const request of batch.asked) {
      if (isOutcomeUnknown(error)) request.unknownSince ??= batch.startedAt;
      if (request.unknownSince === undefined) continue;
      if (this.#mayBeGivenUp(request)) continue;
      this.#again.add(request);
      this.#isDraining = true;
    }
    this.#end(batch);
  }

  #end(batch: Batch): void {
    batch.endStep = this.#world.clock.step;
    if (this.#running.shift() !== batch) this.#break('a batch ends before the batch ahead of it');
    if (!this.#isDraining || this.#running.length > 0) return;
    this.#isDraining = false;
    this.#drainedAt = this.#world.clock.now;
  }

  #break(text: string): void {
    this.#world.invariants.violate('bounds of a lane', text);
  }
}
