import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Test } from 'tap';

/** A way to a server that can be closed and opened. */
export interface Proxy {
  /** The server's URL, by this way. */
  url: string;
  open(): Promise<void>;
  /** Refuses new connections and breaks those that there are. */
  close(): Promise<void>;
  /** While true, breaks each connection with the first statement that comes over it. */
  breaks: boolean;
}

/** With which a client of PostgreSQL begins a statement: Parse, or Query. */
const STATEMENTS = Buffer.from('PQ');

/** Opens a way to the server of a URL: on a port of this machine, the same all the time. */
export async function startProxy(t: Test, target: string): Promise<Proxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    near.on('data', (chunk: Buffer) => {
      if (proxy.breaks && STATEMENTS.includes(chunk[0] ?? 0)) near.destroy();
    });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.pipe(other);
      socket.on('error', () => {});
      socket.once('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  const open = async (number: number) => {
    server.listen(number, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const close = async () => {
    const closed = server.listening ? once(server, 'close') : undefined;
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const own = await open(0);
  t.teardown(close);
  const url = new URL(target);
  url.host = `127.0.0.1:${own}`;
  const proxy: Proxy = { url: url.href, open: async () => void (await open(own)), close, breaks: false };
  return proxy;
}
