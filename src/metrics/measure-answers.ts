import type { FastifyInstance, FastifyReply } from 'fastify';
import { Counter, Gauge, type Registry } from 'prom-client';
import { onClientGone, onRefused } from '../http/client-errors.js';
import { problemKinds } from '../http/problem-kinds.js';
import { Histogram, type Recorder, SECONDS } from './histogram.js';

/** The codes of what the service is to blame for. A rate needs the zero that came before the first one. */
const FAILURES = Object.entries(problemKinds).flatMap(([code, { status }]) => (status >= 500 ? code : []));

/** The status of requests whose clients left before the end of the answer, as nginx logs it. */
const CLIENT_CLOSED = 499;

/** Measures what each route answers, and how fast. Routes must be added after this call. */
export function measureAnswers(app: FastifyInstance, registry: Registry): void {
  const durations = new Histogram(
    registry,
    'http_server_request_duration_seconds',
    'The time from the head of a request to the end of its answer. Status 499: the client left before.',
    SECONDS,
  );
  // By route, method and status: one text of all three would have to be made for each answer.
  const recorders = new Map<string, Map<string, Map<number, Recorder>>>();
  const recorderOf = (method: string, route: string, status: number): Recorder => {
    const found = recorders.get(route)?.get(method)?.get(status);
    if (found) return found;
    const recorder = durations.recorder({
      http_request_method: method,
      http_route: route,
      http_response_status_code: String(status),
    });
    const methods = recorders.get(route) ?? new Map<string, Map<number, Recorder>>();
    const statuses = methods.get(method) ?? new Map<number, Recorder>();
    recorders.set(route, methods.set(method, statuses.set(status, recorder)));
    return recorder;
  };

  // A counter of prom-client takes 0.6 µs to count, and a sold-out sale has a problem for each claim.
  const problems = new Map<string, Map<string, number>>();
  const countsOf = (route: string) => {
    const found = problems.get(route);
    if (found) return found;
    const counts = new Map<string, number>();
    problems.set(route, counts);
    return counts;
  };
  new Counter({
    name: 'coupon_problems_total',
    help: 'Answers that are problems, by their code.',
    labelNames: ['http_route', 'code'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [route, counts] of problems) {
        for (const [code, count] of counts) this.inc({ http_route: route, code }, count);
      }
    },
  });
  app.addHook('onRoute', ({ schema, url }) => {
    const { operationId } = (schema ?? {}) as { operationId?: string };
    const counts = countsOf(url);
    for (const code of operationId ? FAILURES : []) counts.set(code, 0);
  });

  const countProblem = (route: string, code: string) => {
    const counts = countsOf(route);
    counts.set(code, (counts.get(code) ?? 0) + 1);
  };
  const record = (reply: FastifyReply, status: number) => {
    const { request, problemCode } = reply;
    // A path that is not known is the client's word.
    const route = request.is404 ? '' : (request.routeOptions.url ?? '');
    recorderOf(request.method, route, status).record(reply.elapsedTime / 1_000);
    if (problemCode) countProblem(route, problemCode);
  };
  app.addHook('onResponse', (_request, reply, done) => {
    record(reply, reply.statusCode);
    done();
  });
  onClientGone(app.server, (reply) => record(reply, CLIENT_CLOSED));
  onRefused(app.server, (code) => countProblem('', code));

  const connections = new Gauge({
    name: 'coupon_http_connections',
    help: 'Open connections of clients.',
    registers: [registry],
  });
  app.server.on('connection', (socket) => {
    connections.inc();
    socket.once('close', () => connections.dec());
  });
}
