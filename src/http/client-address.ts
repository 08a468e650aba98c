import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/**
 * The address of the client. A balancer may pass on any text as an address: then it is the balancer's own.
 */
export function clientAddress({ ip, socket }: Pick<FastifyRequest, 'ip' | 'socket'>): string {
  return isIP(ip) ? ip : (socket.remoteAddress ?? '');
}
