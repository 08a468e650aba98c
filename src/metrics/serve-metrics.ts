import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import type { Config } from '../config.js';

/**
 * Serves `GET /metrics`, and nothing else, on a port of its own: what strangers reach has no metrics.
 * @throws Error that names the setting, if the address cannot be listened on.
 */
export async function serveMetrics(
  { METRICS_PORT: port, METRICS_HOST, HOST }: Config,
  logger: Logger,
  source: { metrics(): Promise<string> },
): Promise<Server> {
  const [setting, host] = METRICS_HOST ? ['METRICS_HOST', METRICS_HOST] : ['HOST', HOST];
  const server = createServer(async (request, response) => {
    // Prometheus sends no body.
    request.resume();
    const path = request.url?.split('?')[0];
    if (path !== '/metrics' || !['GET', 'HEAD'].includes(request.method ?? '')) {
      response.writeHead(404).end();
      return;
    }
    try {
      const text = await source.metrics();
      response.writeHead(200, { 'Content-Type': Registry.PROMETHEUS_CONTENT_TYPE }).end(text);
    } catch (error) {
      logger.error({ err: error }, 'the metrics were not read');
      response.writeHead(500).end();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new Error(`cannot listen on METRICS_PORT ${port} of ${setting} ${host}: ${error.code}`, {
          cause: error,
        }),
      ),
    );
    server.listen(port, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  logger.info(`metrics on port ${bound}: GET /metrics`);
  return server;
}

export function closeMetrics(server: Server): Promise<void> {
  const closed = promisify(server.close.bind(server))();
  server.closeAllConnections();
  return closed;
}
