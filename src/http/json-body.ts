import { isUtf8 } from 'node:buffer';
import type { FastifyRequest } from 'fastify';

/** The body is not JSON in UTF-8. */
export class InvalidBody extends Error {}

/**
 * Parses a JSON body. Invalid UTF-8 is refused: decoding would replace its bytes by U+FFFD, and two
 * different names could become the same.
 */
export function parseJsonBody(
  _request: FastifyRequest,
  body: Buffer,
  done: (error: Error | null, value?: unknown) => void,
): void {
  try {
    if (!isUtf8(body)) throw new Error('the body is not UTF-8');
    done(null, JSON.parse(body.toString()));
  } catch (error) {
    done(new InvalidBody('the body is not JSON in UTF-8', { cause: error }));
  }
}
