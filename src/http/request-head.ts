import type { IncomingMessage } from 'node:http';
import type { ErrorCode } from '../contract.js';

/** Why the head of a request is refused. `detail` is for people. */
export interface HeadFault {
  code: ErrorCode;
  detail: string;
}

/** RFC 3986: a registered name, or an address in brackets, and a port. */
const HOST = /^(?:\[[\w.:~%-]+\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})*)(?::\d*)?$/i;

/**
 * Finds what HTTP forbids in the head of a request, although Node.js and Fastify let it pass. Headers
 * that came twice must have been joined by commas.
 */
export function findHeadFault(request: IncomingMessage): HeadFault | undefined {
  const { headers, httpVersion } = request;
  const host = headers.host;
  if (host === undefined ? httpVersion === '1.1' : !HOST.test(host)) {
    return { code: 'malformed_http', detail: 'The request must have exactly one valid Host header.' };
  }
  const coding = headers['transfer-encoding'];
  if (coding !== undefined) {
    if (httpVersion !== '1.1') {
      return { code: 'malformed_http', detail: `HTTP/${httpVersion} has no Transfer-Encoding.` };
    }
    if (coding.toLowerCase() !== 'chunked') {
      return { code: 'not_implemented', detail: 'The server implements no transfer coding but chunked.' };
    }
  }
  // A comma may also stand in a quoted parameter.
  if (headers['content-type']?.includes(',') && (request.headersDistinct['content-type']?.length ?? 0) > 1) {
    return { code: 'malformed_http', detail: 'The request must have at most one Content-Type header.' };
  }
  return undefined;
}
