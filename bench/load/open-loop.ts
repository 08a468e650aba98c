import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadPlan } from './plan.js';
import type { Tally } from './tally.js';
import { type Request, requestsOf } from './traffic.js';

const DRAIN_TIMEOUT_MS = 30_000;

/**
 * Sends requests at a fixed rate, whether the server keeps up or not. Latency counts from the
 * moment at which a request was due. So a server that stalls cannot hide it by delaying the
 * requests that would have found it stalled (coordinated omission). Only if clients retry, more is due
 * than can be sent. Then latency counts from the moment at which the request is sent.
 *
 * autocannon's overallRate cannot do this: it sends the requests of a second at once, at its
 * beginning, and its correction of latencies assumes an interval of 1 ms.
 * @param onStart is called when all connections are open.
 * @returns the number of network errors.
 */
export async function runOpenLoop(
  plan: LoadPlan,
  rate: number,
  tally: Tally,
  onStart: () => void,
): Promise<number> {
  const { traffic, warmupMs, durationMs, retry } = plan;
  const { hostname, port, host } = new URL(plan.url);
  const sockets = Array.from({ length: plan.connections }, () =>
    connect({ host: hostname, port: Number(port || 80), noDelay: true }),
  );
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  onStart();
  const startAt = performance.now();
  const count = Math.floor(((warmupMs + durationMs) * rate) / 1000);
  let sent = 0;
  let users = 0;
  let errors = 0;

  /** Connections without a request, as functions that send one. */
  const idle = sockets.map((socket, i) => {
    const start = Math.floor((i * traffic.coupons) / plan.connections);
    const next = requestsOf(traffic, host, start, () => users++);
    let request: Request;
    let dueAt = 0;
    let answer = '';
    const send = (at: number) => {
      dueAt = at;
      request = next();
      socket.write(request.text);
    };
    const sendAgain = () => {
      if (sent === count) return idle.push(send);
      dueAt = performance.now();
      return socket.write(request.text);
    };
    socket.on('error', () => errors++);
    socket.on('close', () => errors++);
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (!isComplete(answer)) return;
      const status = Number(answer.slice(9, 12));
      tally.record(status, performance.now() - dueAt, request);
      if (status === 503 && retry) {
        setTimeout(sendAgain, retry === 'at once' ? 0 : retryAfterMs(answer));
        answer = '';
      } else {
        answer = '';
        idle.push(send);
        sendDue();
      }
    });
    return send;
  });
  const sendDue = () => {
    const now = performance.now();
    for (; sent < count && idle.length > 0; sent++) {
      const dueAt = startAt + (sent * 1000) / rate;
      if (dueAt > now) break;
      idle.shift()!(retry ? now : dueAt);
    }
    if (retry) sent = Math.min(count, Math.max(sent, Math.floor(((now - startAt) * rate) / 1000)));
  };
  const deadline = startAt + warmupMs + durationMs + DRAIN_TIMEOUT_MS;
  while (errors === 0 && (sent < count || idle.length < sockets.length)) {
    sendDue();
    await sleep(1);
    if (performance.now() > deadline) errors++;
  }
  for (const socket of sockets) socket.removeAllListeners('close').destroy();
  return errors;
}

function retryAfterMs(answer: string): number {
  return Number(/\r\nretry-after: (\d+)/i.exec(answer)?.[1]) * 1000;
}

/** Tells whether an answer is complete. A connection has one answer at a time. */
function isComplete(answer: string): boolean {
  const headEnd = answer.indexOf('\r\n\r\n');
  if (headEnd === -1) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer);
  if (length && length.index < headEnd) return answer.length >= headEnd + 4 + Number(length[1]);
  return answer.endsWith('\r\n0\r\n\r\n');
}
