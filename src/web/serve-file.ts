import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { refuseOtherMethods } from '../http/unknown-routes.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A page for people, or a part of one. */
    isWebFile?: boolean;
  }
}

/** A file that stays the same while the process runs. */
export interface WebFile {
  mediaType: string;
  content: Buffer;
  etag: string;
}

const METHODS = ['GET', 'HEAD'];

/**
 * Scripts, styles and requests only from the origin of the page, nothing within it, and no frame around it.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function webFile(mediaType: string, content: string | Buffer): WebFile {
  const bytes = Buffer.from(content);
  const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
  return { mediaType, content: bytes, etag };
}

/** Serves a file at a path, without a key. The path has no other methods than GET and HEAD. */
export function serveFile(app: FastifyInstance, path: string, file: WebFile): void {
  app.route({
    method: METHODS,
    url: path,
    config: { isWebFile: true },
    handler: (request, reply) => sendFile(request, reply, file),
  });
  refuseOtherMethods(app, path, METHODS);
}

/** Sends the file, or 304 if the client has it. Caches must ask each time: a new release has new files. */
export function sendFile(request: FastifyRequest, reply: FastifyReply, file: WebFile): FastifyReply {
  reply.headers({ 'Cache-Control': 'no-cache', 'X-Content-Type-Options': 'nosniff', ETag: file.etag });
  // The header may list several, and a proxy that compresses makes them weak: `W/"…"`.
  if (request.headers['if-none-match']?.includes(file.etag)) return reply.code(304).send();
  if (file.mediaType.startsWith('text/html')) {
    reply.headers({ 'Content-Security-Policy': CONTENT_SECURITY_POLICY, 'Referrer-Policy': 'no-referrer' });
  }
  return reply.type(file.mediaType).send(file.content);
}
