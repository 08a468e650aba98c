import { createHistogram } from 'node:perf_hooks';
import type { FastifyInstance } from 'fastify';
import { type Contract, operationsOf } from '../contract.js';
import { onRefused } from './client-errors.js';
import { problemKinds } from './problem-kinds.js';

const SUMMARY_INTERVAL_MS = 10_000;

/** Counts by a name: a status, or an error code. */
class Counts {
  #counts: Record<string, number> = {};

  add(name: string | number): void {
    this.#counts[name] = (this.#counts[name] ?? 0) + 1;
  }

  /** Returns the counts so far, and starts again at zero. */
  take(): Record<string, number> {
    const counts = this.#counts;
    this.#counts = {};
    return counts;
  }
}

/**
 * Logs one line every 10 seconds with traffic: answers by status, errors by code, and how long claims took.
 * Health checks are left out. `debug` also logs one line per request. Decision 0005 has the cost of such
 * lines.
 * @param takeClaims returns what is to be said of claims.
 */
export function logTraffic(
  app: FastifyInstance,
  contract: Contract,
  takeClaims: () => object | undefined,
): void {
  const answers = new Counts();
  const errors = new Counts();
  /** Of claims, in microseconds. */
  const times = createHistogram();
  const healthPaths = new Set(
    operationsOf(contract)
      .filter(({ operation }) => operation.tags?.includes('health'))
      .map(({ path }) => path),
  );
  const claimPath = operationsOf(contract).find(
    ({ operation }) => operation.operationId === 'claimCoupon',
  )?.path;
  const summarize = () => {
    const taken = { answers: answers.take(), errors: errors.take(), claims: takeClaims() };
    // Claims are also made for clients who have left.
    if (Object.keys(taken.answers).length === 0 && !taken.claims) return;
    const ms = { p50: times.percentile(50) / 1_000, p99: times.percentile(99) / 1_000 };
    const claimMs = times.count > 0 ? ms : undefined;
    times.reset();
    app.log.info({ ...taken, claimMs }, `traffic of the last ${SUMMARY_INTERVAL_MS / 1000} s`);
  };
  const timer = setInterval(summarize, SUMMARY_INTERVAL_MS).unref();
  app.addHook('onClose', async () => {
    clearInterval(timer);
    summarize();
  });
  onRefused(app.server, (code) => {
    answers.add(problemKinds[code].status);
    errors.add(code);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { method, url } = request;
    const { statusCode, problemCode } = reply;
    if (!healthPaths.has(url)) {
      answers.add(statusCode);
      if (url === claimPath) times.record(Math.max(1, Math.round(reply.elapsedTime * 1_000)));
      if (problemCode) errors.add(problemCode);
    }
    request.log.debug({ method, url, status: statusCode, ms: reply.elapsedTime }, 'answered');
    done();
  });
}
