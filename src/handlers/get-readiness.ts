import type { Handler } from '../contract.js';
import type { Database } from '../database/database.js';

export function getReadiness(database: Database, isStopping: () => boolean): Handler<'getReadiness'> {
  return async (_request, reply) => {
    const isHealthy = await database.isHealthy();
    if (isHealthy && !isStopping()) return reply.code(200).send({ status: 'ready' });
    const error = isStopping() ? 'the service is stopping' : 'database connection failed';
    reply.header('Retry-After', '1');
    return reply.code(503).send({ status: 'not_ready', error });
  };
}
