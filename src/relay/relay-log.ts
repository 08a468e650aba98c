import type { Logger } from 'pino';
import { formatCursor, type Position, parseCursor } from '../events/cursor.js';
import type { Event } from '../events/event.js';
import { type EventLog, followLog } from '../events/event-log.js';
import type { Term } from './leadership.js';
import { deliver, type WebhookOptions } from './webhook.js';

const PAGE_SIZE = 100;
const WAIT_MS = 30_000;
/** After a crash, the events since the last save are sent again. It is saved before each pause, too. */
const SAVE_INTERVAL_MS = 1_000;

export interface RelayOptions {
  log: EventLog;
  webhook: WebhookOptions;
  logger: Logger;
  /** Is called with each event that was dealt with. */
  onSent?: ((result: 'delivered' | 'dead') => void) | undefined;
  /** Lets the attempt that is under way finish. */
  stopping: AbortSignal;
}

/**
 * Sends each event behind the saved place, in order, until the term or the process ends. An event that
 * cannot be delivered becomes a dead letter.
 */
export async function relayLog(
  { log, webhook, logger, onSent, stopping }: RelayOptions,
  term: Term,
): Promise<void> {
  const leaving = AbortSignal.any([term.lost, stopping]);
  let position = await loadPosition(term);
  while (!leaving.aborted) {
    const after = await findCursor(log, position, logger);
    const reading = { after, limit: PAGE_SIZE, waitMs: WAIT_MS, isOver: () => leaving.aborted };
    const pages = followLog(log, reading);
    for await (const { items } of pages) position = await sendPage(items, position);
  }

  /** @returns the place behind the last event that was dealt with. */
  async function sendPage(events: Event[], start: Position): Promise<Position> {
    let position = start;
    let saved = start;
    let savedAt = performance.now();
    const save = async () => {
      if (saved === position || term.lost.aborted) return;
      await savePosition(term, position);
      saved = position;
      savedAt = performance.now();
    };
    const options: WebhookOptions = {
      ...webhook,
      onFailure: async (...failure) => {
        await webhook.onFailure?.(...failure);
        await save();
      },
    };
    for (const event of events) {
      const outcome = await deliver(event, options, { lost: term.lost, leaving });
      if (outcome === 'stopped') break;
      position = parseCursor(event.id)!;
      onSent?.(outcome === undefined ? 'delivered' : 'dead');
      if (outcome !== undefined) {
        const id = await bury(term, event, position, webhook.attemptsMax, outcome);
        saved = position;
        savedAt = performance.now();
        logger.error({ event: event.id, error: outcome }, `gave an event up: it is dead letter ${id}`);
      } else if (performance.now() - savedAt > SAVE_INTERVAL_MS) {
        await save();
      }
    }
    await save();
    return position;
  }
}

/**
 * The cursor of a place in the log as it is now. Its epoch may be another one than when the place was saved.
 */
async function findCursor(log: EventLog, position: Position, logger: Logger): Promise<string> {
  const { epoch, deletedId, lastId } = await log.tail.poll();
  const isKept = position.rowId > deletedId || (position.rowId === deletedId && position.count === 0);
  if (isKept && position.rowId <= lastId) return formatCursor({ ...position, epoch });
  if (position.rowId > 0) logger.error('events are gone that were not sent: were they deleted too early?');
  return formatCursor({ epoch, rowId: deletedId, count: 0 });
}

async function loadPosition(term: Term): Promise<Position> {
  const [row] = await term.query(
    (sql) => sql<Position[]>`select row_id::float8 as "rowId", count from relay`,
  );
  return row ?? { rowId: 0, count: 0 };
}

async function savePosition(term: Term, { rowId, count }: Position): Promise<void> {
  await term.query((sql) => sql`update relay set row_id = ${rowId}, count = ${count}`);
}

/** Writes a dead letter, and saves that the event has been dealt with. @returns the id of the letter. */
async function bury(
  term: Term,
  event: Event,
  { rowId, count }: Position,
  attempts: number,
  error: string,
): Promise<number> {
  const [row] = await term.query(
    (sql) => sql<{ id: number }[]>`
      with dealt_with as (
        update relay set row_id = ${rowId}, count = ${count}
      )
      insert into dead_letters (event, attempts, error)
      values (${JSON.stringify(event)}::text::json, ${attempts}, ${error})
      returning id::float8`,
  );
  return row!.id;
}
