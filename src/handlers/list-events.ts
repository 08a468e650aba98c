import { Readable } from 'node:stream';
import type { Handler } from '../contract.js';
import type { Log } from '../events/event-log.js';
import { EVENT_STREAM_MEDIA_TYPE, writeEventStream } from '../events/event-stream.js';
import type { Follower, Followers } from '../events/followers.js';
import { chooseMediaType } from '../http/accept.js';
import { sendProblem } from '../http/problems.js';

/** The first one is preferred. */
const MEDIA_TYPES = ['application/json', EVENT_STREAM_MEDIA_TYPE];
const NOT_WAITING: Follower = { isOver: () => false, leave: () => {} };

export function listEvents(log: Log, followers: Followers): Handler<'listEvents'> {
  return async (request, reply) => {
    const { limit = 100, wait = 0 } = request.query;
    const after = request.headers['last-event-id'] ?? request.query.after;
    // Generated clients name all types of the contract, and read pages.
    const isStream = chooseMediaType(request, MEDIA_TYPES) === EVENT_STREAM_MEDIA_TYPE;
    const waitMs = isStream ? 0 : wait * 1000;
    const follower = isStream || waitMs > 0 ? followers.enter(request.raw.socket) : NOT_WAITING;
    let isStreaming = false;
    try {
      const page = await log.read({ after, limit, waitMs, isOver: follower.isOver });
      if (!page) return sendProblem(reply, 'cursor_expired');
      if (!isStream) return reply.code(200).send(page);

      const text: Readable = Readable.from(
        writeEventStream(log, page, follower.isOver, () => {
          reply.raw.destroy();
          text.destroy();
        }),
        { objectMode: false },
      );
      text.once('close', follower.leave);
      isStreaming = true;
      // nginx would collect events before it passes them on.
      reply.type(EVENT_STREAM_MEDIA_TYPE).header('X-Accel-Buffering', 'no');
      // The contract's type is that of the text in the stream.
      return reply.code(200).send(text as never);
    } finally {
      if (!isStreaming) follower.leave();
    }
  };
}
