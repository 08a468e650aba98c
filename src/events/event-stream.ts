import { type EventPage, followLog, type Log } from './event-log.js';

/** Proxies cut connections that are silent for longer, and clients take them for broken. */
const HEARTBEAT_MS = 15_000;
const PAGE_SIZE = 200;
/** How long a reader may take nothing while events wait. */
const STALL_TIMEOUT_MS = 10_000;

export const EVENT_STREAM_MEDIA_TYPE = 'text/event-stream';

/**
 * Writes Server-Sent Events: those of the first page, then all that follow, and a comment if there are none
 * for a while. It reads on only when the reader has taken what there was.
 * @param onStalled is called if the reader takes nothing for too long.
 */
export async function* writeEventStream(
  log: Log,
  first: EventPage,
  isOver: () => boolean,
  onStalled: () => void,
): AsyncGenerator<string> {
  // The comment sends the head of the response off.
  yield `: the events follow\n\n${textOf(first)}`;
  const reading = { after: first.next_cursor, limit: PAGE_SIZE, waitMs: HEARTBEAT_MS, isOver };
  const pages = followLog(log, reading);
  for await (const page of pages) {
    const timer = setTimeout(onStalled, STALL_TIMEOUT_MS);
    try {
      yield textOf(page) || ': no event\n\n';
    } finally {
      clearTimeout(timer);
    }
  }
}

function textOf({ items }: EventPage): string {
  return items
    .map(
      (event) => `id: ${event.cursor ?? event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`,
    )
    .join('');
}
