import type { Handler } from '../contract.js';
import type { Shards } from '../shards/shards.js';

/** The service is healthy if all databases are. Of several, the answer names those that are not. */
export function getHealth(shards: Shards): Handler<'getHealth'> {
  return async (_request, reply) => {
    const unhealthy = await shards.unhealthy();
    if (unhealthy.length === 0) return reply.code(200).send({ status: 'healthy' });
    const names = unhealthy.map(({ name }) => name).join(', ');
    reply.header('Retry-After', '1');
    return reply.code(503).send({
      status: 'unhealthy',
      error: 'database connection failed',
      ...(shards.servers.length > 1 && { detail: `no answer from ${names}` }),
    });
  };
}
