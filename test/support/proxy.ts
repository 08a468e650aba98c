import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Test } from 'tap';

/** A TCP proxy in front of a server. */
export interface Proxy {
  /** The server's URL through the proxy. */
  url: string;
  open(): Promise<void>;
  /** Refuses new connections and breaks the open ones. */
  close(): Promise<void>;
  /** Breaks the open connections. */
  cut(): void;
  /** While true, breaks a connection as soon as a statement arrives on it. */
  breaks: boolean;
}

/** The first bytes of the messages that start a statement: Parse and Query. */
const STATEMENTS = Buffer.from('PQ');

/** Starts a proxy in front of the server of a URL, on a local port that never changes. */
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
    cut();
    await closed;
  };
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const own = await open(0);
  t.teardown(close);
  const url = new URL(target);
  url.host = `127.0.0.1:${own}`;
  const proxy: Proxy = { url: url.href, open: async () => void (await open(own)), close, cut, breaks: false };
  return proxy;
}
