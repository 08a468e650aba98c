import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A fraction of the time that a batch of claims takes: room comes with each one. */
const INTERVAL_MS = 5;

/** The next claim of a client is answered within a second, and some of that goes by behind this wait. */
const UNREAD_MS_MAX = 300;
/** Of a client that asked again before its Retry-After was over: another refusal would not make it wait. */
const HASTY_MS_MAX = 5_000;

interface Unread {
  socket: Socket;
  /** When it is read even without room. */
  until: number;
}

/**
 * Leaves connections unread while there is no room, in turn. What a client sends meanwhile waits in the
 * buffers of the operating system. Read and refused, it would cost nearly as much as a claim, and come again.
 */
export class BackPressure {
  readonly #room: () => number;
  #unread: Unread[] = [];
  /** When the Retry-After of a refused client is over. */
  readonly #notBefore = new WeakMap<Socket, number>();
  #timer: NodeJS.Timeout | undefined;
  #isReleased = false;

  /** @param room how many more requests may be read. */
  constructor(room: () => number) {
    this.#room = room;
  }

  /** The number of connections that are not read. */
  get unread(): number {
    return this.#unread.length;
  }

  /** Whether there is no room, or others wait for it. */
  get isNeeded(): boolean {
    return !this.#isReleased && (this.#unread.length > 0 || this.#room() <= 0);
  }

  /**
   * Takes a connection that has been answered. It is read again when there is room, or in a while: when
   * Retry-After is over if it was refused, and otherwise soon, unless its client did not wait the last time.
   * @param askedAt when its request was read.
   * @param retryAfterMs 0: the request was not refused.
   */
  takeTurn(socket: Socket, askedAt: number, retryAfterMs: number): void {
    if (!this.isNeeded || socket.destroyed) return;
    const isHasty = askedAt < (this.#notBefore.get(socket) ?? 0);
    const msMax = retryAfterMs || (isHasty ? HASTY_MS_MAX : UNREAD_MS_MAX);
    const until = performance.now() + msMax;
    if (isHasty || retryAfterMs > 0) this.#notBefore.set(socket, until);
    socket.pause();
    this.#unread.push({ socket, until });
    this.#timer ??= setInterval(() => this.#read(this.#room()), INTERVAL_MS).unref();
  }

  /** Reads all connections from now on. Resolves once what has arrived is read. */
  async release(): Promise<void> {
    this.#isReleased = true;
    this.#read(this.#unread.length);
    await sleep(INTERVAL_MS);
  }

  #read(room: number): void {
    const now = performance.now();
    this.#unread = this.#unread.filter(({ socket, until }, place) => {
      if (place >= room && until > now && !socket.destroyed) return true;
      socket.resume();
      return false;
    });
    if (this.#unread.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
