import type { Handler } from '../contract.js';

export function getLiveness(): Handler<'getLiveness'> {
  return async (_request, reply) => reply.code(200).send({ status: 'live' });
}
