import type { Handler } from '../contract.js';
import type { Database } from '../database/database.js';

export function getHealth(database: Database): Handler<'getHealth'> {
  return async (_request, reply) => {
    if (await database.isHealthy()) return reply.code(200).send({ status: 'healthy' });
    reply.header('Retry-After', '1');
    return reply.code(503).send({ status: 'unhealthy', error: 'database connection failed' });
  };
}
