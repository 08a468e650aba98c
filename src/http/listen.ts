import cluster from 'node:cluster';
import { lookup } from 'node:dns/promises';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { CONNECTION_BACKLOG_MAX } from './listeners.js';

const ALL_ADDRESSES = ['0.0.0.0', '::'];

/** A sentence for each error of listening. It names the setting. */
const listenErrors: Record<string, (port: number, host: string) => string> = {
  EADDRINUSE: (port) => `PORT ${port} is in use: set PORT to another port`,
  EACCES: (port) => `PORT ${port} needs more rights than this process has: set PORT to 1024 or more`,
  EADDRNOTAVAIL: (_, host) =>
    `HOST ${host} is not an address of this machine: set HOST to one of its addresses`,
  ENOTFOUND: (_, host) => `HOST ${host} cannot be resolved: set HOST to an address of this machine`,
  EAI_AGAIN: (_, host) => `HOST ${host} cannot be resolved: set HOST to an address of this machine`,
};

/** @throws Error that names the setting, if the address cannot be listened on. */
export async function listen(
  app: FastifyInstance,
  { PORT, HOST }: Pick<Config, 'PORT' | 'HOST'>,
  logger: Logger,
): Promise<void> {
  const isPublic = ALL_ADDRESSES.includes(HOST);
  const { level } = logger;
  try {
    // Fastify logs every address of the machine. In a container they are wrong from outside.
    if (isPublic) logger.level = 'warn';
    // One address. For the name localhost, Fastify would open a second server, without our limits and events.
    const { address } = await lookup(HOST, { order: 'ipv4first' });
    await app.listen({
      port: PORT,
      host: address,
      backlog: CONNECTION_BACKLOG_MAX,
      listenTextResolver: (url) => `listening on ${url}`,
    });
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const sentence = listenErrors[code]?.(PORT, HOST);
    throw new Error(sentence ?? `cannot listen on HOST ${HOST}, PORT ${PORT}: ${code}`, { cause: error });
  } finally {
    logger.level = level;
  }
  const { port } = app.server.address() as AddressInfo;
  if (isPublic) return logger.info(`listening on port ${port} of all addresses`);
  if (cluster.isWorker) return;
  const url = `http://${HOST.includes(':') ? `[${HOST}]` : HOST}:${port}`;
  logger.info(
    `try: curl -i ${url}/api/coupons -H 'Content-Type: application/json' -d '{"name":"SUMMER","amount":5}'`,
  );
}
