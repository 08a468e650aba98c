import type { Database } from '../database/database.js';
import type { Event } from '../events/event.js';
import { deliver, type WebhookOptions } from './webhook.js';

export interface DeadLetter {
  id: number;
  event: Event;
  attempts: number;
  error: string;
  failed_at: Date;
}

const PAGE_SIZE = 100;
const NEVER = new AbortController().signal;

/** Reads the dead letters, the oldest first, in bounded memory. */
export async function* listDeadLetters(database: Database): AsyncGenerator<DeadLetter> {
  for (let lastId = 0; ; ) {
    const page = await database.read(
      (sql) => sql<DeadLetter[]>`
        select id::float8, event, attempts, error, failed_at
        from dead_letters
        where id > ${lastId}
        order by id
        limit ${PAGE_SIZE}`,
    );
    yield* page;
    if (page.length < PAGE_SIZE) return;
    lastId = page.at(-1)!.id;
  }
}

/**
 * Sends a dead letter once more, and deletes it when it was delivered.
 * @returns the error, or undefined if it was delivered.
 */
export async function retryDeadLetter(
  database: Database,
  { id, event }: DeadLetter,
  webhook: WebhookOptions,
): Promise<string | undefined> {
  const once = { ...webhook, attemptsMax: 1 };
  const error = await deliver(event, once, { lost: NEVER, leaving: NEVER });
  await database.write((sql) =>
    error === undefined
      ? sql`delete from dead_letters where id = ${id}`
      : sql`
          update dead_letters
          set attempts = attempts + 1, error = ${error}, failed_at = now()
          where id = ${id}`,
  );
  return error;
}
