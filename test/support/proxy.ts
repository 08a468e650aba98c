import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Scope } from './scope.js';

/** The moment at which a connection breaks: before, during or after the statement on it. */
export type Moment = 'before' | 'during' | 'after';

/** A way to a server, over which a test has power. */
export interface TcpProxy {
  /** The server's URL, by this way. */
  url: string;
  port: number;
  open(): Promise<void>;
  /** Refuses new connections and breaks those that there are. */
  close(): Promise<void>;
  /** Breaks the connections that there are. */
  cut(): void;
  /** While true, breaks each connection with the first statement that comes over it. */
  breaks: boolean;
  /** Leads new connections to another port of this machine. Those that there are stay. */
  lead(port: number): void;
  /** Holds everything back, in both directions, even the end of a connection; or lets it pass again. */
  hold(isHeld: boolean): void;
  /** Added to each direction. */
  latencyMs: number;
  /** Closes the far end of each connection. The near end learns nothing of it. */
  halfOpen(): void;
  /** Breaks the connection of the next claim. Undefined: of no claim any more. */
  cutAtClaim(moment: Moment | undefined): void;
  /** How many connections broke at a claim. */
  cutClaims: number;
}

/** With which a client of PostgreSQL begins a statement: Parse, Bind, or Query. */
const [PARSE, BIND, QUERY] = Buffer.from('PBQ');
/** It tells the connections that claim from the others. */
const CLAIM_TEXT = 'made_claims';

interface Link {
  near: Socket;
  far: Socket;
  toFar: Direction;
  toNear: Direction;
}

/** Passes on in order what one socket says to the other, when it is due. */
class Direction {
  readonly #to: Socket;
  readonly #state: { isHeld: boolean; latencyMs: number };
  /** Undefined: the end of the connection. */
  readonly #queue: { chunk: Buffer | undefined; dueAt: number }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(to: Socket, state: { isHeld: boolean; latencyMs: number }) {
    this.#to = to;
    this.#state = state;
  }

  push(chunk: Buffer | undefined): void {
    this.#queue.push({ chunk, dueAt: performance.now() + this.#state.latencyMs });
    this.pass();
  }

  pass(): void {
    clearTimeout(this.#timer);
    while (!this.#state.isHeld) {
      const [next] = this.#queue;
      if (!next) return;
      const waitMs = next.dueAt - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.pass(), waitMs);
        return;
      }
      this.#queue.shift();
      if (next.chunk) this.#to.write(next.chunk);
      else this.#to.destroySoon();
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#queue.length = 0;
  }
}

/** Opens a way to the server of a URL: on a port of this machine, the same all the time. */
export async function startProxy(scope: Scope, target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const state = { isHeld: false, latencyMs: 0, port: Number(port) };
  const links = new Set<Link>();
  let trap: Moment | undefined;

  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: state.port, host: hostname, noDelay: true });
    const link: Link = { near, far, toFar: new Direction(far, state), toNear: new Direction(near, state) };
    links.add(link);
    let isClaiming = false;
    let sprung: Moment | undefined;
    near.on('data', (chunk: Buffer) => {
      if (proxy.breaks && (chunk[0] === PARSE || chunk[0] === QUERY)) return near.destroy();
      isClaiming ||= chunk.includes(CLAIM_TEXT);
      if (trap && isClaiming && isDecisive(chunk)) {
        sprung = trap;
        trap = undefined;
        proxy.cutClaims++;
        if (sprung !== 'before') far.write(chunk);
        // Once it is written: what is destroyed at once is not sent.
        if (sprung !== 'after') setImmediate(() => breakLink(link));
        return;
      }
      link.toFar.push(chunk);
    });
    far.on('data', (chunk: Buffer) => {
      if (sprung === 'after') breakLink(link);
      else link.toNear.push(chunk);
    });
    for (const [socket, direction] of [
      [near, link.toFar],
      [far, link.toNear],
    ] as const) {
      socket.on('error', () => {});
      socket.once('close', () => {
        direction.push(undefined);
        if (near.destroyed && far.destroyed) links.delete(link);
      });
    }
  });

  const breakLink = (link: Link) => {
    links.delete(link);
    link.toFar.stop();
    link.toNear.stop();
    link.near.destroy();
    link.far.destroy();
  };
  const open = async (number: number) => {
    server.listen(number, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const close = async () => {
    const closed = server.listening ? once(server, 'close') : undefined;
    server.close();
    for (const link of links) breakLink(link);
    await closed;
  };
  const own = await open(0);
  scope.teardown(close);
  const url = new URL(target);
  url.host = `127.0.0.1:${own}`;
  const proxy: TcpProxy = {
    url: url.href,
    port: own,
    open: async () => void (server.listening || (await open(own))),
    close,
    cut: () => links.forEach(breakLink),
    breaks: false,
    lead: (port) => (state.port = port),
    hold(isHeld) {
      state.isHeld = isHeld;
      for (const link of links) {
        link.toFar.pass();
        link.toNear.pass();
      }
    },
    get latencyMs() {
      return state.latencyMs;
    },
    set latencyMs(ms) {
      state.latencyMs = ms;
    },
    halfOpen() {
      for (const link of links) {
        link.far.removeAllListeners('close').destroy();
        link.toFar.stop();
      }
    },
    cutAtClaim: (moment) => (trap = moment),
    cutClaims: 0,
  };
  return proxy;
}

/** Whether a chunk of a claiming connection starts a claim statement, or ends its transaction. */
function isDecisive(chunk: Buffer): boolean {
  return chunk[0] === BIND || (chunk[0] === QUERY && chunk.includes('commit'));
}
