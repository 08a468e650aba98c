import { setTimeout as sleep } from 'node:timers/promises';
import {
  defaultTextMapGetter,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import type { ClaimRequest } from '../claims/outcome.js';
import { onClientGone } from '../http/client-errors.js';
import { openExporter } from './exporter.js';

function endSpan(span: Span, { statusCode, problemCode, raw }: FastifyReply): void {
  if (raw.writableFinished) span.setAttribute('http.response.status_code', statusCode);
  const error = raw.writableFinished ? problemCode : 'client_closed';
  if (error) span.setAttribute('error.type', error);
  if (statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

/** How long a stop waits for the last spans to be sent. */
const FLUSH_MS_MAX = 2_000;

/**
 * Spans of requests and of batches of claims, sent to OTEL_EXPORTER_OTLP_ENDPOINT. The other variables of
 * OpenTelemetry apply, too, such as OTEL_TRACES_SAMPLER. No span holds the name of a coupon or of a user.
 */
export class Tracing {
  readonly #processor: BatchSpanProcessor;
  readonly #requests;
  readonly #batches;
  readonly #propagator = new W3CTraceContextPropagator();
  /** The span of each request that waits for its claim, by its response. */
  readonly #spans = new WeakMap<object, Span>();

  constructor(version: string, logger: Logger) {
    this.#processor = new BatchSpanProcessor(openExporter(logger));
    const resource = resourceFromAttributes({ 'service.name': 'coupons', 'service.version': version }).merge(
      detectResources({ detectors: [envDetector] }),
    );
    const options = { resource, spanProcessors: [this.#processor] };
    this.#requests = new BasicTracerProvider(options).getTracer('coupons', version);
    // A batch has a span if one of its requests has one: the sampler has decided already.
    const sampled = new BasicTracerProvider({ ...options, sampler: new AlwaysOnSampler() });
    this.#batches = sampled.getTracer('coupons', version);
  }

  /** Makes a span of each request, as a child of its `traceparent`. Routes must be added after this call. */
  traceRequests(app: FastifyInstance): void {
    app.addHook('onRequest', (request, reply, done) => {
      const { method } = request;
      const { url: route } = request.routeOptions;
      const parent = this.#propagator.extract(ROOT_CONTEXT, request.headers, defaultTextMapGetter);
      const attributes = {
        'http.request.method': method,
        ...(route && { 'http.route': route }),
        'coupon.request_id': request.id,
      };
      const name = route ? `${method} ${route}` : method;
      const span = this.#requests.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
      if (span.isRecording()) {
        this.#spans.set(reply.raw, span);
        request.log = request.log.child({ trace_id: span.spanContext().traceId });
      }
      done();
    });
    const end = (reply: FastifyReply) => {
      const span = this.#spans.get(reply.raw);
      if (span) endSpan(span, reply);
    };
    app.addHook('onResponse', (_request, reply, done) => {
      end(reply);
      done();
    });
    onClientGone(app.server, end);
  }

  /** Runs a batch in a span of its own, to which the spans of its requests are linked. */
  async traceBatch<T>(requests: readonly ClaimRequest[], run: () => Promise<T>): Promise<T> {
    // A client may have many claims in the batch.
    const responses = new Set(requests.map(({ caller }) => caller?.response));
    const spans = [...responses].flatMap((response) => (response && this.#spans.get(response)) ?? []);
    if (spans.length === 0) return run();
    const attributes = {
      'db.system.name': 'postgresql',
      'db.operation.name': 'claim',
      'db.operation.batch.size': requests.length,
    };
    const batch = this.#batches.startSpan('claim', { kind: SpanKind.CLIENT, attributes }, ROOT_CONTEXT);
    const link: Link = { context: batch.spanContext() };
    for (const span of spans) span.addLink(link);
    try {
      return await run();
    } catch (error) {
      batch.setStatus({ code: SpanStatusCode.ERROR });
      batch.recordException(error as Error);
      throw error;
    } finally {
      batch.end();
    }
  }

  /** Sends what has not been sent yet, if the collector takes it soon. */
  async close(): Promise<void> {
    await Promise.race([this.#processor.shutdown().catch(() => {}), sleep(FLUSH_MS_MAX)]);
  }
}
