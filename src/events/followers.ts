import type { Socket } from 'node:net';
import { Overloaded } from '../overloaded.js';

/** A request that waits for events. */
export interface Follower {
  /** Whether its client has left, or the service stops. */
  isOver(): boolean;
  /** Makes room for another one. */
  leave(): void;
}

/** The requests that wait for events: bounded in number, and ended when the service stops. */
export class Followers {
  readonly #max: number;
  readonly #following = new Set<Follower>();
  #isStopped = false;

  constructor(max: number) {
    this.#max = max;
  }

  /** Adds a request until it leaves. @throws Overloaded. */
  enter(socket: Socket): Follower {
    if (this.#following.size >= this.#max) this.#dropGone();
    if (this.#following.size >= this.#max) throw new Overloaded('too many requests follow the log');
    const follower: Follower = {
      // A response behind another one of the same connection does not learn that the connection is closed.
      isOver: () => this.#isStopped || socket.destroyed,
      leave: () => void this.#following.delete(follower),
    };
    this.#following.add(follower);
    return follower;
  }

  /** A stream behind another response of a closed connection never closes, and so does not leave by itself. */
  #dropGone(): void {
    for (const follower of this.#following) if (follower.isOver()) follower.leave();
  }

  stop(): void {
    this.#isStopped = true;
  }
}
