import type { FastifyRequest } from 'fastify';
import { clientAddress } from './client-address.js';

interface Change {
  coupon: string;
  user?: string;
  /** The values before the change. Absent: there was nothing. */
  from?: object;
  /** The values after the change. Absent: there is nothing. */
  to?: object;
}

/** Logs a change by an administrator, after its commit: who made it, from which address, and what it was. */
export function logChange(
  request: Pick<FastifyRequest, 'apiKey' | 'ip' | 'log' | 'socket'>,
  what: 'coupon created' | 'coupon changed' | 'coupon deleted' | 'claim released',
  change: Change,
): void {
  const by = request.apiKey?.name ?? 'anyone';
  request.log.info({ by, address: clientAddress(request), ...change }, what);
}
