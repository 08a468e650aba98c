import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const USABLE = /^[\w.:/+=-]{1,128}$/;

/** Names requests: by the id that a request brought, if it is usable, or by a new one. */
export function createRequestIds(): (
  request: IncomingMessage | { headers: IncomingMessage['headers'] },
) => string {
  // Unlike those of any other process, and cheap to count on.
  const prefix = `${randomBytes(4).toString('hex')}-`;
  let count = 0;
  return ({ headers }) => {
    const brought = headers['x-request-id'];
    return typeof brought === 'string' && USABLE.test(brought) ? brought : prefix + (++count).toString(36);
  };
}
