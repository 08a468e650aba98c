import { isUtf8 } from 'node:buffer';
import type { FastifyRequest } from 'fastify';
import type { ErrorCode } from '../contract.js';
import { findJsonError } from './json-error.js';

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
  if (!isUtf8(body)) {
    const position = findUtf8Error(body);
    done(new UnusableBody('invalid_body', `The body is not UTF-8: unexpected byte at position ${position}.`));
    return;
  }
  const text = body.toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    done(new UnusableBody('invalid_body', describeJsonError(text)));
    return;
  }
  done(null, value);
}

/** Decoding replaces what is not UTF-8, so that it differs from there on. */
function findUtf8Error(body: Buffer): number {
  return Buffer.from(body.toString()).findIndex((byte, i) => byte !== body[i]);
}

function describeJsonError(text: string): string {
  const index = findJsonError(text);
  if (index === undefined) return 'The body is not valid JSON.';
  const what = index === text.length ? 'unexpected end' : 'unexpected character';
  // Clients have bytes, whatever their language has for text.
  return `The body is not valid JSON: ${what} at position ${Buffer.byteLength(text.slice(0, index))}.`;
}
