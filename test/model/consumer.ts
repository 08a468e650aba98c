import type { Event } from '../../src/events/event.js';
import type { EventPage } from '../../src/events/event-log.js';
import { eventWords, type State } from './state.js';

/** How long the last events may take, at most. Each page waits for some of it. */
const PATIENCE_SECONDS = 120;
const WAIT_SECONDS = 20;
const PAGE_SIZE_MAX = 1000;

/** Reads the page of the log behind a cursor, from one of the servers. */
export type ReadLog = (query: string) => Promise<EventPage>;

/** Where a history that begins may begin to read. */
export interface LogPlace {
  cursor: string | undefined;
}

/** Follows the log for a history, and remembers its cursor. Others write to the log, too. */
export class Consumer {
  /** The events of our coupons, as they came. */
  readonly events: Event[] = [];
  readonly #log: Record<string, string[]> = {};
  readonly #place: LogPlace;
  readonly #isOurs: (coupon: string) => boolean;
  #cursor: string | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(place: LogPlace, isOurs: (coupon: string) => boolean) {
    this.#place = place;
    this.#cursor = place.cursor;
    this.#isOurs = isOurs;
  }

  /** Reads a page. Pages are read one after the other. Returns how many events it had, also of others. */
  read(readLog: ReadLog, limit: number, waitSeconds = 0): Promise<number> {
    const turn = this.#turn.then(async () => {
      const query = new URLSearchParams({ limit: String(limit), wait: String(waitSeconds) });
      if (this.#cursor) query.set('after', this.#cursor);
      const { items, next_cursor } = await readLog(query.toString());
      this.#cursor = next_cursor;
      for (const event of items) if (this.#isOurs(event.subject)) this.#take(event);
      return items.length;
    });
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /**
   * Reads until an event of this coupon comes: it was created after all other changes. @throws Error if none
   * comes.
   */
  async readUntil(readLog: ReadLog, coupon: string): Promise<void> {
    for (let waited = 0; !this.#log[coupon]; ) {
      if ((await this.read(readLog, PAGE_SIZE_MAX, WAIT_SECONDS)) === 0) waited += WAIT_SECONDS;
      if (waited > PATIENCE_SECONDS)
        throw new Error('the log does not deliver the last event of the history');
    }
    this.#place.cursor = this.#cursor;
  }

  /** Whether the events so far are the first ones of this state. */
  agrees({ log }: State): boolean {
    return Object.entries(this.#log).every(([coupon, events]) =>
      events.every((words, i) => words === log[coupon]?.[i]),
    );
  }

  /** Whether these are all of its events. */
  hasAll(state: State): boolean {
    const count = Object.values(state.log).reduce((sum, events) => sum + events.length, 0);
    return this.agrees(state) && this.events.length === count;
  }

  get log(): State['log'] {
    return this.#log;
  }

  #take(event: Event): void {
    this.events.push(event);
    this.#log[event.subject] ??= [];
    this.#log[event.subject]?.push(eventWords(event.type, event.data));
  }
}
