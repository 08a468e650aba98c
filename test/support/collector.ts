import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { Scope } from './scope.js';

/** A span, as OTLP/JSON writes it. */
export interface CollectedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  attributes: { key: string; value: { stringValue?: string; intValue?: number } }[];
  links?: { traceId: string; spanId: string }[];
  status: { code?: number };
}

export interface Collector {
  url: string;
  spans: CollectedSpan[];
  /** Whether it answers 400. */
  isRefusing: boolean;
  refused: number;
  /** All that arrived, as text. */
  text(): string;
}

/** Starts a collector of traces that takes OTLP over HTTP in JSON. */
export async function startCollector(t: Scope): Promise<Collector> {
  const bodies: unknown[] = [];
  const collector: Collector = {
    url: '',
    spans: [],
    isRefusing: false,
    refused: 0,
    text: () => JSON.stringify(bodies),
  };
  const server = createServer(async (request, response) => {
    const body = (await json(request)) as {
      resourceSpans: { scopeSpans: { spans: CollectedSpan[] }[] }[];
    };
    if (collector.isRefusing || request.url !== '/v1/traces') {
      collector.refused++;
      response.writeHead(400).end();
      return;
    }
    bodies.push(body);
    collector.spans.push(
      ...body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    );
    response.setHeader('Content-Type', 'application/json').end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  collector.url = `http://127.0.0.1:${port}`;
  return collector;
}
