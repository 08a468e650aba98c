import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

/**
 * Sends text chunk by chunk, as fast as the reader takes it. If a chunk cannot be made, the connection is
 * cut: the answer is never ended as if it were complete.
 * @param close frees what the chunks are made from. It is called at the end, complete or not.
 */
export function sendStream<Reply extends FastifyReply<never> | FastifyReply>(
  reply: Reply,
  mediaType: string,
  chunks: AsyncIterable<string>,
  close: () => void,
): Reply {
  const text = Readable.from(chunks);
  // A generator that never started cannot clean up: the client may leave before the first chunk.
  text.once('close', close);
  (reply as FastifyReply).type(mediaType).code(200).send(text);
  return reply;
}
