import type { FastifyInstance, FastifyReply, onResponseHookHandler } from 'fastify';
import { Counter, Gauge, type Registry } from 'prom-client';
import { problemKinds } from '../http/problem-kinds.js';
import { Histogram, type Recorder } from './histogram.js';
import { SECONDS } from './registry.js';

/** The codes of what the service is to blame for. A rate needs the zero that came before the first one. */
const FAILURES = Object.entries(problemKinds).flatMap(([code, { status }]) => (status >= 500 ? code : []));

/** Measures what each route answers, and how fast. Routes must be added after this call. */
export function measureAnswers(app: FastifyInstance, registry: Registry): void {
  const durations = new Histogram(
    registry,
    'http_server_request_duration_seconds',
    'The time from the head of a request to the end of its answer.',
    SECONDS,
  );
  // A counter of prom-client takes 0.6 µs to count, and a sold-out sale has a problem for each claim.
  const problems: { route: string; counts: Map<string, number> }[] = [];
  new Counter({
    name: 'coupon_problems_total',
    help: 'Answers that are problems, by their code.',
    labelNames: ['http_route', 'code'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { route, counts } of problems) {
        for (const [code, count] of counts) this.inc({ http_route: route, code }, count);
      }
    },
  });

  const measure = (method: string, route: string, expected: string[]) => {
    const counts = new Map(expected.map((code) => [code, 0]));
    problems.push({ route, counts });
    const byStatus = new Map<number, Recorder>();
    const recorderOf = (status: number) => {
      const labels = {
        http_request_method: method,
        http_route: route,
        http_response_status_code: String(status),
      };
      const recorder = durations.recorder(labels);
      byStatus.set(status, recorder);
      return recorder;
    };
    return ({ statusCode, problemCode, elapsedTime }: FastifyReply) => {
      (byStatus.get(statusCode) ?? recorderOf(statusCode)).record(elapsedTime / 1_000);
      if (problemCode) counts.set(problemCode, (counts.get(problemCode) ?? 0) + 1);
    };
  };

  app.addHook('onRoute', (route) => {
    const { operationId } = (route.schema ?? {}) as { operationId?: string };
    // The start page and /docs are routes of two methods, and few look at them.
    const record = measure(String([route.method].flat()[0]), route.url, operationId ? FAILURES : []);
    const hook: onResponseHookHandler = (_request, reply, done) => {
      record(reply);
      done();
    };
    route.onResponse = [route.onResponse ?? [], hook].flat();
  });
  // One route for all paths and methods that are not known: they are the client's words.
  const recordUnknown = measure('_OTHER', '', []);
  app.addHook('onResponse', (request, reply, done) => {
    if (request.is404) recordUnknown(reply);
    done();
  });

  new Gauge({
    name: 'coupon_http_connections',
    help: 'Open connections of clients.',
    registers: [registry],
    async collect() {
      this.set(await new Promise((resolve) => app.server.getConnections((_, count) => resolve(count ?? 0))));
    },
  });
}
