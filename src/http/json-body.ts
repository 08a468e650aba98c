import { isUtf8 } from 'node:buffer';
import type { FastifyRequest } from 'fastify';

/** A body that is no JSON in UTF-8. */
export class InvalidBody extends Error {}

/** Reads JSON in UTF-8. Bytes that are none are refused: replaced by U+FFFD, they would make one name of two. */
export function parseJsonBody(
  _request: FastifyRequest,
  body: Buffer,
  done: (error: Error | null, value?: unknown) => void,
): void {
  try {
    if (!isUtf8(body)) throw new Error('the body is not UTF-8');
    done(null, JSON.parse(body.toString()));
  } catch (error) {
    done(new InvalidBody('the body is no JSON in UTF-8', { cause: error }));
  }
}
