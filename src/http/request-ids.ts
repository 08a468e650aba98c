import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const USABLE = /^[\w.:/+=-]{1,128}$/;

/** Names each request: by its own X-Request-Id if that is usable, otherwise by a new id. */
export function createRequestIds(): (
  request: IncomingMessage | { headers: IncomingMessage['headers'] },
) => string {
  // A random prefix for each process, so that a counter is enough for the rest.
  const prefix = `${randomBytes(4).toString('hex')}-`;
  let count = 0;
  return ({ headers }) => {
    const own = headers['x-request-id'];
    return typeof own === 'string' && USABLE.test(own) ? own : prefix + (++count).toString(36);
  };
}
