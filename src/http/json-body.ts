import { isUtf8 } from 'node:buffer';
import type { FastifyRequest } from 'fastify';
import type { ErrorCode } from '../contract.js';

/** The body is not JSON in UTF-8, or is encoded. The message is a sentence for the client. */
export class UnusableBody extends Error {
  readonly problem: ErrorCode;

  constructor(problem: ErrorCode, message: string) {
    super(message);
    this.problem = problem;
  }
}

/**
 * Parses a JSON body. Invalid UTF-8 is refused: decoding would replace its bytes by U+FFFD, and two
 * different names could become the same.
 */
export function parseJsonBody(
  { raw: { headers } }: FastifyRequest,
  body: Buffer,
  done: (error: Error | null, value?: unknown) => void,
): void {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    done(new UnusableBody('unsupported_media_type', 'Send the body without Content-Encoding.'));
    return;
  }
  try {
    if (!isUtf8(body)) throw new Error('the body is not UTF-8');
    done(null, JSON.parse(body.toString()));
  } catch {
    done(new UnusableBody('invalid_body', 'The body must be a JSON object in UTF-8.'));
  }
}
