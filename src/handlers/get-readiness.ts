import type { Handler } from '../contract.js';
import type { Shards } from '../shards/shards.js';

/** One of several databases is enough: its coupons must be served when another one is down. */
export function getReadiness(shards: Shards, isStopping: () => boolean): Handler<'getReadiness'> {
  return async (_request, reply) => {
    const unhealthy = await shards.unhealthy();
    const isServing = unhealthy.length < shards.servers.length;
    if (isServing && !isStopping()) return reply.code(200).send({ status: 'ready' });
    const error = isStopping() ? 'the service is stopping' : 'database connection failed';
    reply.header('Retry-After', '1');
    return reply.code(503).send({ status: 'not_ready', error });
  };
}
