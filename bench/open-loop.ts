import { connect, type Socket } from 'node:net';
import type { LoadPlan } from './load-process.js';
import type { Tally } from './tally.js';
import { Requests } from './traffic.js';

/**
 * Requests at a fixed rate, whether the server keeps up or not. Latency counts from the moment at which a request
 * was due, so that a server that stalls cannot hide it by delaying the requests that would have found it
 * stalled (coordinated omission).
 *
 * autocannon's overallRate is not used here: it sends the requests of each second at the second's begin, as fast
 * as it can, which is a closed loop with pauses, and its correction of latencies takes 1 ms for the interval.
 */
const DRAIN_TIMEOUT_MS = 30_000;

interface Connection {
  socket: Socket;
  requests: Requests;
  dueAt: number;
  text: string;
}

/** @returns the number of network errors. */
export async function runOpenLoop(plan: LoadPlan, rate: number, tally: Tally): Promise<number> {
  const { traffic } = plan;
  const { hostname, port, host } = new URL(plan.url);
  let users = 0;
  const nextUser = () => users++;
  const connections = await Promise.all(
    Array.from({ length: plan.connections }, async (_, i): Promise<Connection> => {
      const start = Math.floor((i * traffic.coupons) / plan.connections);
      const requests = new Requests(traffic, host, start, nextUser);
      const socket = connect({ host: hostname, port: Number(port || 80), noDelay: true });
      await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
      return { socket, requests, dueAt: 0, text: '' };
    }),
  );
  const idle = [...connections];
  const startAt = performance.now();
  const count = Math.floor(((plan.warmupMs + plan.durationMs) * rate) / 1000);
  let sent = 0;

  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const deadline = setTimeout(() => finish(1), plan.warmupMs + plan.durationMs + DRAIN_TIMEOUT_MS);
    const finish = (errors: number) => {
      clearTimeout(timer);
      clearTimeout(deadline);
      for (const { socket } of connections)
        socket
          .removeAllListeners()
          .on('error', () => {})
          .destroy();
      resolve(errors);
    };
    const sendDue = () => {
      const now = performance.now();
      while (sent < count && idle.length > 0) {
        const dueAt = startAt + (sent * 1000) / rate;
        if (dueAt > now) break;
        sent++;
        const connection = idle.shift() as Connection;
        connection.dueAt = dueAt;
        connection.socket.write(connection.requests.next());
      }
    };
    const tick = () => {
      sendDue();
      timer = setTimeout(tick, 1);
    };
    for (const connection of connections) {
      connection.socket.on('error', () => finish(1));
      connection.socket.on('close', () => finish(1));
      connection.socket.on('data', (chunk) => {
        connection.text += chunk.toString('latin1');
        if (!isComplete(connection.text)) return;
        const { requests } = connection;
        const status = Number(connection.text.slice(9, 12));
        tally.record(status, performance.now() - connection.dueAt, requests.coupon, requests.isRead);
        connection.text = '';
        idle.push(connection);
        if (sent === count && idle.length === connections.length) finish(0);
        else sendDue();
      });
    }
    tick();
  });
}

/** Is this the whole of an answer? There is one answer at a time on a connection. */
function isComplete(text: string): boolean {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text);
  if (length && length.index < headEnd) return text.length >= headEnd + 4 + Number(length[1]);
  return text.endsWith('\r\n0\r\n\r\n');
}
