import { type ForkOptions, fork } from 'node:child_process';
import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { extname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';

/** More of them accept hardly faster, and each costs 4 µs for a client that connects while nobody else does. */
const COPIES = 16;
const COPY_TIMEOUT_MS = 10_000;
// With tsx, it is TypeScript as this file is.
const PROGRAM = join(import.meta.dirname, `copy-listener${extname(import.meta.filename)}`);
/**
 * Connections that wait to be accepted: a sale opens thousands at once. The kernel may have a lower bound.
 */
export const CONNECTION_BACKLOG_MAX = 16_384;

/**
 * Several descriptors of the listening socket of an application. In a turn of its event loop, Node.js accepts
 * one connection of each (libuv/libuv#3696). With a thousand busy clients a turn takes 30 ms, and those who
 * connect meanwhile would wait for seconds if there was one descriptor.
 *
 * Node.js cannot duplicate a descriptor. But it can send one to another process, and that one sends it back.
 */
export class Listeners {
  readonly #server: Server;
  readonly #copies: Server[] = [];
  #closing: Promise<unknown>[] | undefined;

  /** Before the application is ready. Its close closes the copies, and waits for their connections. */
  constructor(app: FastifyInstance) {
    this.#server = app.server;
    app.addHook('preClose', async () => {
      this.#closing = this.#copies.map((copy) => new Promise((resolve) => copy.close(resolve)));
    });
    app.addHook('onClose', async () => void (await Promise.all(this.#closing ?? [])));
  }

  /**
   * Adds copies to the socket of an application that listens. A worker of a cluster has no socket: it gets
   * connections from the primary process, in turn with the others.
   * @throws Error if that fails. The application serves all the same.
   */
  async copy(): Promise<void> {
    // A server that is sent would accept connections in the other process. Node.js sends bare handles between
    // the processes of a cluster.
    const { _handle: handle } = this.#server as Server & { _handle?: Server };
    if (!handle || cluster.isWorker) return;
    const child = fork(PROGRAM, { stdio: 'ignore', ...withoutDebugger() });
    const ended = once(child, 'disconnect');
    // `ended` throws the first error. No other one may end this process.
    child.on('error', () => {});
    child.on('message', (_, copied) => this.#add(copied as Server));
    const timer = setTimeout(() => child.kill('SIGKILL'), COPY_TIMEOUT_MS);
    try {
      if (child.connected) child.send(COPIES, handle);
      await ended;
    } finally {
      clearTimeout(timer);
      child.kill('SIGKILL');
    }
    if (this.#copies.length < COPIES && !this.#closing) {
      throw new Error(`${this.#copies.length} of ${COPIES} copies were made`);
    }
  }

  #add(handle: Server): void {
    if (this.#closing) return void handle.close();
    const accept = (socket: Socket) => this.#server.emit('connection', socket);
    // The options of an HTTP server.
    const copy = createServer({ allowHalfOpen: true, noDelay: true }, accept);
    this.#copies.push(copy.listen(handle, CONNECTION_BACKLOG_MAX));
  }
}

/** The child would wait for a debugger as this process does. */
function withoutDebugger(): ForkOptions {
  return {
    execArgv: process.execArgv.filter((argument) => !argument.startsWith('--inspect')),
    env: { ...process.env, NODE_OPTIONS: process.env['NODE_OPTIONS']?.replace(/--inspect\S*/g, '') },
  };
}
